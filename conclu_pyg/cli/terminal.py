"""Terminal output: log records, warnings and progress bars of the library."""

from __future__ import annotations

import logging
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any, TextIO

from rich.console import Console, ConsoleOptions, Group, RenderableType
from rich.filesize import decimal
from rich.live import Live
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
from rich.segment import Segment
from rich.text import Text

from conclu_pyg.errors import ConcluWarning
from conclu_pyg.launcher import rank_at_launch
from conclu_pyg.progress import Bar, report_progress
from conclu_pyg.text import printable

LOG_INTERVAL_S = 60.0  # between two lines about the progress of a loop in a log file


class TerminalConsole(Console):
    """A console that prints names of files and classes literally, and their control characters escaped."""

    def __init__(self, **options: Any) -> None:
        super().__init__(highlight=False, soft_wrap=True, markup=False, emoji=False, **options)

    def print(self, *objects: Any, **options: Any) -> None:
        super().print(*(printable(each) if isinstance(each, str) else each for each in objects), **options)

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterator[Segment]:
        for segment in super().render(renderable, options):
            text = segment.text if segment.control else "\n".join(map(printable, segment.text.split("\n")))
            yield Segment(text, segment.style, segment.control)


console = TerminalConsole()


class TerminalHandler(logging.Handler):
    """Prints log records, warnings in yellow."""

    def emit(self, record: logging.LogRecord) -> None:
        if record.levelno >= logging.WARNING:
            print_warning(record.getMessage())
        else:
            console.print(record.getMessage())


def print_warning(message: str) -> None:
    for number, line in enumerate(message.split("\n")):
        console.print(line if number else f"warning: {line}", style="yellow")


@contextmanager
def terminal_output() -> Iterator[None]:
    """Prints the library's log records (from INFO), its warnings and its progress within this context. Of the processes
    of a training only the first prints."""
    console.quiet = rank_at_launch() > 0
    logging.getLogger("lightning_fabric").setLevel(logging.WARNING)  # it prints how it starts processes
    logger, handler = logging.getLogger("conclu_pyg"), TerminalHandler()
    level = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    try:
        with warnings.catch_warnings(), report_progress(open_bar):
            warnings.simplefilter("always", ConcluWarning)
            # PyTorch 2.14 shows this to users of PyTorch Geometric, who can do nothing about it.
            warnings.filterwarnings("ignore", "`torch.jit.script` is deprecated", FutureWarning)
            show: Callable[..., None] = warnings.showwarning

            def show_warning(
                message: Warning | str,
                category: type[Warning],
                filename: str,
                lineno: int,
                file: TextIO | None = None,
                line: str | None = None,
            ) -> None:
                if issubclass(category, ConcluWarning):
                    print_warning(str(message))
                else:
                    show(message, category, filename, lineno, file, line)

            warnings.showwarning = show_warning
            yield
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)


def open_bar(description: str, total: float | None, in_bytes: bool) -> AbstractContextManager[Bar]:
    """Opens a bar on a terminal; elsewhere, where a bar would fill a log file, a line each minute."""
    return (_TerminalBar if console.is_terminal else _LogBar)(description, total, in_bytes)


class _TerminalBar:
    """A bar with its status on the line below: a terminal of 80 columns has no room for both on one line."""

    should_report = True

    def __init__(self, description: str, total: float | None, in_bytes: bool) -> None:
        counts: list[ProgressColumn] = [DownloadColumn(), TransferSpeedColumn()] if in_bytes else [MofNCompleteColumn()]
        columns = [TextColumn("{task.description}"), BarColumn(), *counts, TimeRemainingColumn(compact=True)]
        self._progress = Progress(*columns, console=console)
        self._task = self._progress.add_task(description, total=total)
        self._live = Live(self._progress, console=console, transient=True)

    def update(self, advance: float = 1, status: str = "") -> None:
        self._progress.advance(self._task, advance)
        if status:
            lines: list[RenderableType] = [self._progress, Text(status, no_wrap=True, overflow="ellipsis")]
            self._live.update(Group(*lines))

    def __enter__(self) -> _TerminalBar:
        self._live.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._live.stop()


class _LogBar:
    """A line each minute about how much is done."""

    def __init__(self, description: str, total: float | None, in_bytes: bool) -> None:
        self._description, self._total, self._done = description, total, 0.0
        self._format = (lambda size: decimal(int(size))) if in_bytes else "{:,.0f}".format
        self._last = time.monotonic()

    @property
    def should_report(self) -> bool:
        return time.monotonic() - self._last > LOG_INTERVAL_S

    def update(self, advance: float = 1, status: str = "") -> None:
        self._done += advance
        if self.should_report:
            done = "" if self._total is None else f": {self._format(self._done)} of {self._format(self._total)}"
            console.print("  ".join([f"{self._description}{done}", *([status] if status else [])]))
            self._last = time.monotonic()

    def __enter__(self) -> _LogBar:
        return self

    def __exit__(self, *error: object) -> None:
        pass
