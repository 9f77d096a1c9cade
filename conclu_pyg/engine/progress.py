"""What the program shows while it works: a bar for what takes long, a line for each epoch, and warnings."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack
from typing import TypeVar

from rich.console import Console, RenderableType
from rich.progress import (
    BarColumn,
    DownloadColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)
from rich.text import Text

# Names of files and classes are shown as they are: [x] in them is no style, :car: no picture.
T = TypeVar("T")
console = Console(highlight=False, soft_wrap=True, markup=False, emoji=False)


class _Progress(Progress):
    """A bar with its status, if it has one, on the line below: a terminal of 80 columns has no room beside it."""

    def get_renderables(self) -> Iterable[RenderableType]:
        yield from super().get_renderables()
        lines = [task.fields["status"] for task in self.tasks if "status" in task.fields]
        yield from (Text(line, no_wrap=True, overflow="ellipsis") for line in lines)


def progress_bar(*, in_bytes: bool = False) -> Progress:
    """A bar that is drawn on a terminal and stays silent elsewhere, where it would fill a log file.

    Args:
        in_bytes: whether bytes are counted, which are shown with their speed (default: false, things are counted).
    """
    counts: list[ProgressColumn] = [DownloadColumn(), TransferSpeedColumn()] if in_bytes else [MofNCompleteColumn()]
    return _Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        *counts,
        TimeRemainingColumn(compact=True),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )


def shown_when_slow(steps: Iterable[T], total: int, description: str, patience: float = 2.0) -> Iterator[T]:
    """The same steps, with a bar once they have taken longer than one waits without a word.

    Args:
        steps: what is gone through.
        total: how many there are.
        description: what stands before the bar.
        patience: the seconds before it is drawn (default: 2).
    """
    began, bar = time.monotonic(), None
    with ExitStack() as stack:
        for done, step in enumerate(steps):
            if bar is None and time.monotonic() - began > patience:
                bar = stack.enter_context(progress_bar())
                task = bar.add_task(description, total=total)
            if bar is not None:
                bar.update(task, completed=done)
            yield step


def counted(number: int, thing: str) -> str:
    """``1 file``, ``1,000 files``."""
    return f"{number:,} {thing}" if number == 1 else f"{number:,} {thing}s"


def step_status(losses: Mapping[str, float], clouds_per_second: float) -> str:
    """The loss, its terms and the speed, as they stand below the bar."""
    terms = "  ".join(f"{name} {value:.3f}" for name, value in losses.items())
    return f"loss {sum(losses.values()):.3f}  {terms}  {clouds_per_second:,.0f} clouds/s"


def epoch_line(metrics: Mapping[str, float], epochs: int, headline: Mapping[str, str]) -> str:
    """One line about a finished epoch.

    Args:
        metrics: of the epoch.
        epochs: how many there will be.
        headline: what is said beside the losses, where it was measured: a format, such as ``spread {:.2f}``, by the
            name of the metric.
    """
    losses = {name.removeprefix("loss/"): value for name, value in metrics.items() if name.startswith("loss/")}
    status = step_status(losses, metrics["clouds_per_second"])
    shown = [text.format(metrics[name]) for name, text in headline.items() if name in metrics]
    return "  ".join([f"epoch {metrics['epoch']:.0f}/{epochs}", status, *shown])


def warn(sentence: str) -> None:
    """Prints a warning that the eye finds."""
    console.print(f"warning: {sentence}", style="yellow")
