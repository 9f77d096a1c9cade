"""Peak memory of calls with known allocations."""

import threading
from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from conclu_pyg.reproduction.peak_memory import peak_memory

CPU = torch.device("cpu")
MB = 1 << 20


def allocate(megabytes: int) -> Tensor:
    return torch.empty(megabytes * MB, dtype=torch.uint8)


def measured_megabytes(call: Callable[[], object]) -> float:
    return peak_memory(call, CPU) / MB


def about(megabytes: float) -> object:
    """Allow for small tensors that a version of PyTorch may allocate in addition."""
    return pytest.approx(megabytes, abs=0.1)


def sequentially() -> None:
    for size in (3, 5, 4):
        allocate(size)


def overlapping() -> None:
    first, second = allocate(3), allocate(5)
    del first
    third = allocate(4)
    del second, third


def temporary_inside_an_operation() -> Tensor:
    return torch.zeros(MB, dtype=torch.uint8).float()  # 1 MB and its copy of 4 MB


@pytest.mark.parametrize(
    ("call", "megabytes"),
    [
        (sequentially, 5),
        (overlapping, 9),
        (lambda: allocate(7), 7),
        (temporary_inside_an_operation, 5),
        (lambda: None, 0),
    ],
)
def test_the_peak_is_the_largest_sum_of_live_tensors(call: Callable[[], object], megabytes: int) -> None:
    assert measured_megabytes(call) == about(megabytes)
    assert measured_megabytes(call) == about(megabytes)


def test_the_backward_pass_counts() -> None:
    x = torch.ones(MB, requires_grad=True)  # 4 MB; exp saves its output, and the backward pass makes grad * exp
    assert measured_megabytes(lambda: torch.autograd.grad(x.exp().sum(), x)) == about(8)


def test_memory_kept_by_the_first_call_is_held_at_the_start_of_the_second() -> None:
    kept: list[Tensor] = []

    def call() -> None:
        if not kept:
            kept.append(allocate(50))
        allocate(2)

    assert measured_megabytes(call) == about(2)


def test_memory_released_during_the_call_makes_room() -> None:
    kept: list[Tensor] = []

    def call() -> None:
        kept.clear()
        kept.extend([allocate(6), allocate(1)])

    assert measured_megabytes(call) == about(0)


def test_releasing_older_memory_does_not_hide_a_peak() -> None:
    held, stale = [allocate(100)], [allocate(100) for _ in range(3)]
    peak_memory(lambda: held.append(allocate(100)), CPU)  # leaves blocks that the profiler knows of

    def call() -> None:
        held.clear()
        stale.clear()
        allocate(8)

    assert measured_megabytes(call) == about(8)


def test_the_measured_call_uses_one_thread() -> None:
    def call() -> None:
        if torch.get_num_threads() > 1:
            thread = threading.Thread(target=allocate, args=(9,))
            thread.start()
            thread.join()
        else:
            allocate(9)

    threads = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        assert measured_megabytes(call) == about(9)
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(threads)
