"""What the program shows while it works: a bar for what takes long, a line for each epoch, and warnings."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack
from typing import Any, TypeVar

from rich.console import Console, RenderableType
from rich.filesize import decimal
from rich.progress import (
    BarColumn,
    DownloadColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)
from rich.text import Text

# Names of files and classes are shown as they are: [x] in them is no style, :car: no picture.
T = TypeVar("T")
QUIET_SECONDS = 60.0  # after which what has no terminal for its bar says how far it is
console = Console(highlight=False, soft_wrap=True, markup=False, emoji=False)


class Bar(Progress):
    """A bar with its status, if it has one, on the line below: a terminal of 80 columns has no room beside it. Without
    a terminal a line each minute says how far the work is."""

    def __init__(self, *columns: ProgressColumn, in_words: Callable[[float], str], console: Console) -> None:
        super().__init__(*columns, console=console, transient=True, disable=not console.is_terminal)
        self._in_words = in_words
        self._said = time.monotonic()

    @property
    def speaks(self) -> bool:
        """Whether the next update will be seen: a status that is costly to make can wait until then."""
        return not self.disable or time.monotonic() - self._said > QUIET_SECONDS

    def add_task(self, description: str, *arguments: Any, **fields: Any) -> TaskID:
        self._said = time.monotonic()
        return super().add_task(description, *arguments, **fields)

    def update(self, task_id: TaskID, **fields: Any) -> None:
        super().update(task_id, **fields)
        if self.disable and self.speaks:
            task = self._tasks[task_id]
            far = "" if task.total is None else f": {self._in_words(task.completed)} of {self._in_words(task.total)}"
            console.print("  ".join([f"{task.description}{far}", *filter(None, [task.fields.get("status")])]))
            self._said = time.monotonic()

    def advance(self, task_id: TaskID, advance: float = 1) -> None:
        self.update(task_id, advance=advance)

    def get_renderables(self) -> Iterable[RenderableType]:
        yield from super().get_renderables()
        lines = [task.fields["status"] for task in self.tasks if "status" in task.fields]
        yield from (Text(line, no_wrap=True, overflow="ellipsis") for line in lines)


def progress_bar(*, in_bytes: bool = False) -> Bar:
    """A bar that is drawn on a terminal; elsewhere, where it would fill a log file, a line each minute.

    Args:
        in_bytes: whether bytes are counted, which are shown with their speed (default: false, things are counted).
    """
    counts: list[ProgressColumn] = [DownloadColumn(), TransferSpeedColumn()] if in_bytes else [MofNCompleteColumn()]
    columns = [TextColumn("{task.description}"), BarColumn(), *counts, TimeRemainingColumn(compact=True)]
    in_words = (lambda size: decimal(int(size))) if in_bytes else "{:,.0f}".format
    return Bar(*columns, in_words=in_words, console=console)


def track_slow(steps: Iterable[T], total: int, description: str, patience: float = 2.0) -> Iterator[T]:
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


def counted(number: int, thing: str, things: str = "") -> str:
    """``1 file``, ``1,000 files``, or ``2 batches`` where several of them are not called so with an s."""
    return f"{number:,} {thing if number == 1 else things or thing + 's'}"


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
