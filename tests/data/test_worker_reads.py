"""Reads in worker processes: the same batches, and failures that name the clouds."""

import os
import re
import signal
from collections.abc import Callable, Sequence
from typing import Any

import pytest
import torch
from helpers import assert_error
from torch.utils.data import DataLoader

from conclu_pyg.data.worker_processes import WorkerProcesses
from conclu_pyg.data.worker_reads import WatchedClouds
from conclu_pyg.errors import ConcluError, DataError


class Clouds:
    """Eight clouds with names, of which reading the sixth does something else."""

    def __init__(self, action: Callable[[], Any] = lambda: None) -> None:
        self.names, self.action = [f"cloud_{index}" for index in range(8)], action

    def __len__(self) -> int:
        return len(self.names)

    def __getitems__(self, indices: Sequence[int]) -> torch.Tensor:
        if 5 in indices:
            self.action()
        return torch.tensor(indices)


def read(clouds: WatchedClouds, batches: list[list[int]], processes: WorkerProcesses | int) -> list[list[int]]:
    """Reads in the processes given, or in a number of processes."""
    options: dict[str, Any] = {"num_workers": processes}
    if isinstance(processes, WorkerProcesses):
        options = {"num_workers": 2, "multiprocessing_context": processes.context()}
    loader: Any = DataLoader(clouds, batch_sampler=batches, collate_fn=same, **options)
    return [batch.tolist() for batch in clouds.checked(loader)]


def same(batch: Any) -> Any:
    return batch


def kill(number: int) -> Callable[[], None]:
    return lambda: os.kill(os.getpid(), number)


def fail(error: Exception) -> Callable[[], None]:
    def action() -> None:
        raise error

    return action


def explain(clouds: WatchedClouds, batches: list[list[int]]) -> str:
    workers = WorkerProcesses(2)
    with pytest.raises(RuntimeError) as error:
        read(clouds, batches, workers)
    # PyTorch names the signal only if it learns of the death before Python does
    (process,) = re.findall(r"pid(?:\(s\))? (\d+)", str(error.value))
    text = clouds.explain_death(RuntimeError(f"DataLoader worker (pid(s) {process}) exited unexpectedly"), workers)
    assert text is not None and text == clouds.explain_death(error.value, workers)
    return text


@pytest.mark.parametrize("workers", [0, 1, 2])
def test_batches_are_those_of_the_clouds(workers: int) -> None:
    batches = [[1, 3], [0, 5, 2], [7]]
    assert read(WatchedClouds(Clouds(), workers), batches, workers) == batches


def test_an_error_of_the_project_arrives_as_it_is() -> None:
    clouds = WatchedClouds(Clouds(fail(DataError("cloud_5 is broken.", file="a.off", got=open))), 2)
    with pytest.raises(DataError) as error:
        read(clouds, [[0], [1, 5]], 2)
    assert assert_error(error, file="a.off").message == "cloud_5 is broken."


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (OSError(5, "Input/output error", "a.h5"), "OSError .*Input/output error: 'a.h5'"),
        (MemoryError(), "MemoryError .*no message"),
        (ValueError("one\ntwo"), "ValueError .*one two"),
    ],
)
def test_another_error_is_one_sentence_with_the_clouds(error: Exception, text: str) -> None:
    with pytest.raises(ConcluError, match=text) as found:
        read(WatchedClouds(Clouds(fail(error)), 2), [[0], [1, 5, 2, 3, 4]], 2)
    assert "the clouds cloud_1, cloud_5, cloud_2 and 2 more" in str(found.value) and "\n" not in str(found.value)


def test_without_workers_errors_are_unchanged() -> None:
    with pytest.raises(ValueError, match=r"^one$"):
        read(WatchedClouds(Clouds(fail(ValueError("one"))), 0), [[5]], 0)


@pytest.mark.parametrize(
    ("number", "name", "remedy"),
    [(signal.SIGKILL, "Killed", "Memory ran out"), (signal.SIGBUS, "Bus error", "shared memory")],
)
def test_a_worker_that_is_killed_is_named_with_its_clouds(number: int, name: str, remedy: str) -> None:
    text = explain(WatchedClouds(Clouds(kill(number)), 2), [[0], [1, 5]])
    assert f"ended by the signal '{name}' while it read the clouds cloud_1, cloud_5. " in text and remedy in text


def test_a_worker_that_exits_is_named_with_its_clouds() -> None:
    text = explain(WatchedClouds(Clouds(lambda: os._exit(3)), 2), [[0], [1, 5]])
    assert (
        "ended with the exit status 3 while it read the clouds cloud_1, cloud_5. " in text and "num_workers=0" in text
    )


def test_a_worker_that_is_killed_between_batches_is_not_blamed_on_a_cloud() -> None:
    clouds = WatchedClouds(Clouds(), 1)
    loader: Any = DataLoader(clouds, batch_sampler=[[5]], num_workers=1, collate_fn=own_process)
    (process,) = loader
    error = RuntimeError(f"DataLoader worker (pid {process}) is killed by signal: Killed. ")
    assert "ended between two batches. " in str(clouds.explain_death(error, WorkerProcesses(1)))


def own_process(batch: Any) -> int:
    return os.getpid()


def test_other_errors_are_not_explained() -> None:
    assert WatchedClouds(Clouds(), 2).explain_death(RuntimeError("shapes differ"), WorkerProcesses(2)) is None
