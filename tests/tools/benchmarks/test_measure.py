"""Time of calls by a clock that the calls advance."""

import gc
from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from benchmarks.measure import MAX_ROUNDS, SLOW_ROUNDS, time_interleaved

CPU = torch.device("cpu")
MB = 1 << 20


def allocate(megabytes: int) -> Tensor:
    return torch.empty(megabytes * MB, dtype=torch.uint8)


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
