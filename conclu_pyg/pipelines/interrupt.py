"""Ctrl-C and SIGTERM between two steps instead of within one."""

from __future__ import annotations

import signal
from types import FrameType, TracebackType
from typing import Any


class Terminated(KeyboardInterrupt):
    """The interrupt that SIGTERM asked for, as a scheduler or ``kill`` sends it, and not Ctrl-C."""


class Interrupt:
    """While the block runs, the first Ctrl-C (or SIGTERM) sets :attr:`requested` and the second stops at once.

    A loop that looks at :attr:`requested` after each step can then save a state that lies between two steps, and raise
    ``KeyboardInterrupt``: it leaves the block as :class:`Terminated` where the last signal was SIGTERM.
    """

    def __init__(self) -> None:
        self._received: int | None = None
        self._previous: dict[signal.Signals, Any] = {}

    @property
    def requested(self) -> bool:
        return self._received is not None

    def __enter__(self) -> Interrupt:
        for number in (signal.SIGINT, signal.SIGTERM):
            try:
                self._previous[number] = signal.signal(number, self._handle)
            except ValueError:  # not in the main thread, where signals cannot be handled
                break
        return self

    def _handle(self, number: int, frame: FrameType | None) -> None:
        again, self._received = self.requested, number
        if again:
            raise KeyboardInterrupt

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        for number, handler in self._previous.items():
            signal.signal(number, handler)
        if isinstance(error, KeyboardInterrupt) and self._received == signal.SIGTERM:
            raise Terminated from error
