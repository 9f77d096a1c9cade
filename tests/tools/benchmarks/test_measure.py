"""Memory of calls with known allocations, and time by a clock that the calls advance."""

import gc
import threading
from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from benchmarks.measure import MAX_ROUNDS, SLOW_ROUNDS, peak_memory, time_interleaved

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


class Clock:
    """A timer, and calls that advance it; the two warm-up calls of each are among the recorded ones."""

    def __init__(self) -> None:
        self.now = 0.0
        self.calls: list[str] = []

    def __call__(self) -> float:
        return self.now

    def call(self, name: str, *seconds: float) -> Callable[[], None]:
        """Return a call that takes these seconds in turn, and the last one repeatedly."""
        remaining = list(seconds)

        def take() -> None:
            self.calls.append(name)
            self.now += remaining.pop(0) if len(remaining) > 1 else remaining[0]

        return take


def test_calls_take_turns_after_their_warm_up() -> None:
    clock = Clock()
    found = time_interleaved([clock.call("a", 1.0), clock.call("b", 2.0)], CPU, budget=0, timer=clock)
    assert "".join(clock.calls) == "aabb" + 3 * "ab"
    assert [measurement.seconds for measurement in found] == [1.0, 2.0]


def test_the_median_counts() -> None:
    clock = Clock()
    (found,) = time_interleaved([clock.call("a", 7.0, 7.0, 1.0, 1.5, 90.0)], CPU, budget=0, timer=clock)
    assert found.seconds == 1.5


@pytest.mark.parametrize(
    ("budget", "min_rounds", "rounds"), [(0, 3, 3), (0, 1, 1), (10, 3, 6), (1e9, 3, MAX_ROUNDS), (3.9, 3, 3)]
)
def test_the_budget_limits_the_rounds(budget: float, min_rounds: int, rounds: int) -> None:
    clock = Clock()
    time_interleaved([clock.call("a", 1.0), clock.call("b", 1.0)], CPU, budget, min_rounds, clock)
    assert clock.calls.count("a") == clock.calls.count("b") == rounds + 2


@pytest.mark.parametrize(("seconds", "min_rounds", "rounds"), [(11.0, 3, SLOW_ROUNDS), (9.0, 3, 3), (11.0, 1, 1)])
def test_a_slow_call_has_fewer_rounds(seconds: float, min_rounds: int, rounds: int) -> None:
    clock = Clock()
    slow = clock.call("slow", seconds)
    time_interleaved([slow, clock.call("fast", 1.0)], CPU, 0, min_rounds, clock)
    assert clock.calls.count("slow") == rounds + 2
    assert clock.calls.count("fast") == min_rounds + 2


def test_real_calls_have_times_and_memory() -> None:
    small, large = time_interleaved([lambda: allocate(1), lambda: allocate(20).fill_(1)], CPU, budget=0)
    assert 0 < small.seconds < large.seconds
    assert large.peak_mb == pytest.approx(20 * MB / 1e6, rel=0.05)


def test_garbage_is_collected_before_each_timed_call() -> None:
    collected: list[int] = []

    def call() -> None:
        collected.append(gc.collect())
        cycle: list[object] = []
        cycle.append(cycle)

    time_interleaved([call], CPU, budget=0)
    assert collected[2:] == [0, 0, 0]  # the cycle of the previous call is gone
