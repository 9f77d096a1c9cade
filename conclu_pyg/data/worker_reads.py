"""Reads in the worker processes of a data loader, and explanations of those that fail."""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import torch
from torch.utils.data import Dataset, get_worker_info
from torch_geometric.data import Batch

from conclu_pyg.data.worker_processes import WorkerProcesses
from conclu_pyg.errors import ConcluError, DataError, one_line

BATCHES_AHEAD = 2  # batches that each worker holds ready at most, in shared memory
MAX_NAMED = 3  # clouds that a message names
REMEDIES = {
    "Killed": "Memory ran out if nobody killed the process: give a smaller pipeline.num_workers or pipeline.batch_size",
    "Bus error": "The shared memory of the machine (/dev/shm) is full, or a file was cut off while it was read: give "
    "pipeline.num_workers=0",
}


class WatchedClouds(Dataset[Batch]):
    """Reads batches for a data loader and keeps a record of what each worker reads.

    Args:
        clouds: has ``names`` and reads a batch of indices, such as a split.
        num_workers: worker processes of the data loader (0: the training process reads).
    """

    def __init__(self, clouds: Any, num_workers: int) -> None:
        self.clouds = clouds
        # For each worker its process, the number of clouds of the batch that it reads, and the first of them. In shared
        # memory, because a killed process reports nothing.
        self._reading = torch.zeros(max(1, num_workers), 2 + MAX_NAMED, dtype=torch.int64).share_memory_()

    def __len__(self) -> int:
        return len(self.clouds)

    def __getitems__(self, indices: Sequence[int]) -> Batch | ConcluError:
        """Reads the clouds of ``indices``; a worker returns an error, which :meth:`checked` raises."""
        worker = get_worker_info()
        if worker is None:
            return self.clouds.__getitems__(indices)
        first = indices[:MAX_NAMED]
        record = torch.tensor([os.getpid(), len(indices), *first])
        self._reading[worker.id, : len(record)] = record
        try:
            return self.clouds.__getitems__(indices)
        except ConcluError as error:
            return DataError(str(error), file=error.file)  # whatever its fields are, this one can be sent
        except Exception as error:
            return DataError(
                f"{type(error).__name__} in a worker process (pipeline.num_workers) while it read "
                f"{self._describe(len(indices), first)}: {one_line(error) or 'no message'}. Give "
                "pipeline.num_workers=0 to see where."
            )
        finally:
            self._reading[worker.id, 1] = 0

    @staticmethod
    def checked(batches: Iterable[Batch | ConcluError]) -> Iterator[Batch]:
        """Yields the batches of a data loader.

        Raises:
            ConcluError: a worker could not read one.
        """
        for batch in batches:
            if isinstance(batch, ConcluError):
                raise batch
            yield batch

    def explain_death(self, error: BaseException, workers: WorkerProcesses) -> str | None:
        """Returns how one of ``workers`` ended, what it read and what to do; ``None`` if ``error`` is about something
        else.
        """
        found = re.search(r"DataLoader worker \(pid(?:\(s\))? (\d+)", f"{error} {error.__cause__}")
        if found is None:
            return None
        code = workers.exit_code(int(found[1]))
        name = signal.strsignal(-code) if code is not None and code < 0 else None
        how = "ended" if code is None else f"ended with the exit status {code}"
        how = f"was ended by the signal {name!r}" if name else how
        when = "between two batches"
        for process, count, *first in self._reading.tolist():
            if process == int(found[1]) and count:
                when = f"while it read {self._describe(count, first[:count])}"
        remedy = REMEDIES.get(name or "", "Give pipeline.num_workers=0 to see why")
        return f"a worker process (pipeline.num_workers) {how} {when}. {remedy}"

    def _describe(self, count: int, first: Sequence[int]) -> str:
        named = ", ".join(self.clouds.names[index] for index in first)
        return f"the clouds {named}" + (f" and {count - len(first)} more" if count > len(first) else "")
