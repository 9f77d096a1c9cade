"""Signals that stop a training, handled between two steps instead of within one."""

from __future__ import annotations

import signal
from types import FrameType, TracebackType
from typing import Any

# Ctrl-C; the end of a job; the end of a session; Slurm's warning before the end of a job (sbatch --signal=USR1@60).
NAMES = ("SIGINT", "SIGTERM", "SIGHUP", "SIGUSR1")
SIGNALS = tuple(getattr(signal, name) for name in NAMES if hasattr(signal, name))  # Windows lacks the last two


class Stopped(KeyboardInterrupt):
    """The end of a training by a signal.

    Attributes:
        signal: the last one that was received.
    """

    def __init__(self, number: int) -> None:
        self.signal = signal.Signals(number)
        super().__init__(self.signal.name)


class Interrupt:
    """While the block runs, the first of :data:`SIGNALS` sets :attr:`requested` and the second stops at once.

    A loop that checks :attr:`requested` after each step can save a state that lies between two steps, and raise
    ``KeyboardInterrupt``, which leaves the block as :class:`Stopped`. A signal that is ignored when the block begins
    stays ignored, as SIGHUP under ``nohup``.
    """

    def __init__(self) -> None:
        self._received: int | None = None
        self._taken_over: int | None = None
        self._previous: dict[int, Any] = {}

    @property
    def requested(self) -> bool:
        return self._received is not None

    @property
    def received(self) -> int:
        """The last signal that this process received; 0 for none."""
        return self._received or 0

    def take_over(self, number: int) -> None:
        """End the training as after this signal, which another of its processes may have received. The first signal of
        this process may still arrive, and does not stop at once."""
        self._taken_over = number

    def __enter__(self) -> Interrupt:
        for number in SIGNALS:
            if signal.getsignal(number) is signal.SIG_IGN:
                continue
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
        for own, handler in self._previous.items():
            signal.signal(own, handler)
        number = self._received if self._taken_over is None else self._taken_over
        if isinstance(error, KeyboardInterrupt) and number is not None:
            raise Stopped(number) from error
