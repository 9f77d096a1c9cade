"""What a run shows while it goes: a bar with the loss terms and the speed, and one line for each epoch."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from rich.console import Console, RenderableType
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.text import Text

# Names of files and classes are shown as they are: [x] in them is no style, :car: no picture.
console = Console(highlight=False, soft_wrap=True, markup=False, emoji=False)


class _Progress(Progress):
    """A bar with its status on the line below, as beside it a terminal of 80 columns has no room."""

    def get_renderables(self) -> Iterable[RenderableType]:
        yield from super().get_renderables()
        yield from (Text(task.fields["status"], no_wrap=True, overflow="ellipsis") for task in self.tasks)


def progress_bar() -> Progress:
    """A bar that is drawn on a terminal and stays silent elsewhere, where it would fill a log file."""
    return _Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(compact=True),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )


def step_status(losses: Mapping[str, float], clouds_per_second: float) -> str:
    """The loss, its terms and the speed, as they stand below the bar."""
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
