"""Progress of long loops, silent until a reporter is activated.

The command line activates one that draws bars on a terminal and writes lines to log files. A program that calls the
library may give its own::

    with report_progress(my_reporter):
        pipeline.run_train()
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import Protocol, TypeVar

T = TypeVar("T")


class Bar(Protocol):
    """The progress of one loop."""

    @property
    def should_report(self) -> bool:
        """True if the next update is displayed; a status that is costly to compute can wait until then."""

    def update(self, advance: float = 1, status: str = "") -> None:
        """Adds ``advance`` steps, and replaces the status text unless it is empty."""


class Reporter(Protocol):
    """Opens a bar for each loop."""

    def __call__(self, description: str, total: float | None, in_bytes: bool) -> AbstractContextManager[Bar]: ...


class _SilentBar:
    should_report = False

    def update(self, advance: float = 1, status: str = "") -> None:
        pass


_reporters: list[Reporter] = []


@contextmanager
def report_progress(reporter: Reporter) -> Iterator[None]:
    """Displays the progress of all loops within this context by ``reporter``."""
    _reporters.append(reporter)
    try:
        yield
    finally:
        _reporters.remove(reporter)


@contextmanager
def progress_bar(description: str, total: float | None = None, *, in_bytes: bool = False) -> Iterator[Bar]:
    """Opens a bar for a loop that updates it.

    Args:
        description: the text before the bar.
        total: the number of steps; ``None`` if it is unknown.
        in_bytes: the steps are bytes (default: False).
    """
    if not _reporters:
        yield _SilentBar()
        return
    with _reporters[-1](description, total, in_bytes) as bar:
        yield bar


def track(items: Iterable[T], description: str, total: float | None = None, delay: float = 0.0) -> Iterator[T]:
    """Iterates with a progress bar that appears only after ``delay`` seconds.

    Args:
        items: the items to iterate over.
        description: the text before the bar.
        total: the number of items; ``None`` if it is unknown.
        delay: seconds without a bar (default: 0).
    """
    start, bar = time.monotonic(), None
    with ExitStack() as stack:
        for done, item in enumerate(items):
            if bar is None and time.monotonic() - start >= delay:
                bar = stack.enter_context(progress_bar(description, total))
                bar.update(done)
            yield item
            if bar is not None:
                bar.update()
