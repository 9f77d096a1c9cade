"""The worker processes that a data loader started last."""

from __future__ import annotations

import multiprocessing
from collections import deque
from multiprocessing.context import BaseContext
from typing import Any


class WorkerProcesses:
    """Keeps the last processes of a data loader, because its error does not always tell how one of them ended.

    Args:
        num_workers: of the data loader, which starts as many for each epoch.
    """

    def __init__(self, num_workers: int) -> None:
        self._last: deque[Any] = deque(maxlen=num_workers)

    def context(self) -> BaseContext:
        """Return the platform's way to start processes; each is kept. For ``multiprocessing_context`` of a loader."""
        base: Any = type(multiprocessing.get_context())
        last = self._last

        class RecordingContext(base):
            def Process(self, *args: Any, **kwargs: Any) -> Any:
                last.append(super().Process(*args, **kwargs))
                return last[-1]

        return RecordingContext()

    def exit_code(self, process: int) -> int | None:
        """Return the exit status of a process, the negative number of the signal that ended it, or ``None``: it runs or
        is not kept.
        """
        return next((worker.exitcode for worker in self._last if worker.pid == process), None)
