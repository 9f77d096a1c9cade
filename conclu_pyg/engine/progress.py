"""What a run shows while it goes: a bar with the loss terms and the speed, and one line for each epoch."""

from __future__ import annotations

from collections.abc import Mapping

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

# Names of files and classes are shown as they are: [x] in them is no style, :car: no picture.
console = Console(highlight=False, soft_wrap=True, markup=False, emoji=False)


def progress_bar() -> Progress:
    """A bar that is drawn on a terminal and stays silent elsewhere, where it would fill a log file."""
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(compact=True),
        TextColumn("{task.fields[status]}"),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )


def step_status(losses: Mapping[str, float], clouds_per_second: float) -> str:
    """The loss, its terms and the speed, as they stand beside the bar."""
    terms = "  ".join(f"{name} {value:.3f}" for name, value in losses.items())
    return f"loss {sum(losses.values()):.3f}  {terms}  {clouds_per_second:,.0f} clouds/s"


def epoch_line(metrics: Mapping[str, float], epochs: int) -> str:
    """One line about a finished epoch."""
    losses = {name.removeprefix("loss/"): value for name, value in metrics.items() if name.startswith("loss/")}
    status = step_status(losses, metrics["clouds_per_second"])
    spread = f"  spread {metrics['projection_std']:.2f}" if "projection_std" in metrics else ""
    return f"epoch {metrics['epoch']:.0f}/{epochs}  {status}{spread}"


def warn(sentence: str) -> None:
    """Prints a warning that the eye finds."""
    console.print(f"warning: {sentence}", style="yellow")
