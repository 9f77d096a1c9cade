"""The processes of a data loader: the last ones, and how they ended."""

import os
from typing import Any

from torch.utils.data import DataLoader

from conclu_pyg.data.worker_processes import WorkerProcesses


def test_the_last_processes_are_kept_with_their_exit_status() -> None:
    workers = WorkerProcesses(2)
    clouds: Any = range(4)
    loader: Any = DataLoader(
        clouds,
        num_workers=2,
        multiprocessing_context=workers.context(),
        collate_fn=lambda items: os.getpid(),
    )
    first, second = set(loader), set(loader)
    assert len(first) == len(second) == 2 and not first & second
    assert {workers.exit_code(process) for process in first} == {None}
    assert {workers.exit_code(process) for process in second} == {0}


def test_a_process_of_others_is_not_known() -> None:
    assert WorkerProcesses(1).exit_code(os.getpid()) is None
