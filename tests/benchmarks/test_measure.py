"""Memory by calls whose allocations are known, time by a clock that the test moves."""

import gc
import threading
from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from conclu_pyg.benchmarks import measure
from conclu_pyg.benchmarks.measure import MB, MOST_ROUNDS, SLOW_ROUNDS, alternate, one_thread, peak_memory

CPU = torch.device("cpu")
KB = 1024  # bytes of the unit below


def block(units: int) -> Tensor:
    return torch.empty(units * KB, dtype=torch.uint8)


def one_after_another() -> None:
    for units in (3, 5, 4):
        block(units)


def side_by_side() -> None:
    first, second = block(3), block(5)
    del first
    third = block(4)
    del second, third


def result() -> Tensor:
    return block(7)


def temporary_inside_an_operation() -> Tensor:
    return torch.zeros(KB, dtype=torch.uint8).float()  # 1 unit and its copy of 4


@pytest.mark.parametrize(
    ("call", "units"),
    [(one_after_another, 5), (side_by_side, 9), (result, 7), (temporary_inside_an_operation, 5), (lambda: None, 0)],
)
def test_the_peak_is_what_is_held_at_a_time(call: Callable[[], object], units: int) -> None:
    assert peak_memory(call, CPU) == units * KB
    assert peak_memory(call, CPU) == units * KB  # whatever was measured before


def test_the_backward_pass_counts_too() -> None:
    x = torch.ones(KB, requires_grad=True)  # 4 units
    # exp keeps its output for the backward pass: that, the sum, and then grad * exp. The expanded grad takes none.
    peak = peak_memory(lambda: torch.autograd.grad(x.exp().sum(), x), CPU)
    assert 8 * KB <= peak <= 8 * KB + 64


def test_what_the_first_call_leaves_is_held_at_the_start_of_the_second() -> None:
    left: list[Tensor] = []

    def call() -> None:
        if not left:
            left.append(block(50))
        block(2)

    assert peak_memory(call, CPU) == 2 * KB


def test_what_a_call_replaces_makes_room() -> None:
    kept: list[Tensor] = []

    def call() -> None:
        kept.clear()  # 6 units of the first call
        kept.append(block(6))
        kept.append(block(1))

    assert peak_memory(call, CPU) == 0


def test_releasing_older_memory_does_not_hide_a_peak() -> None:
    held = [block(100)]
    stale = [block(100) for _ in range(3)]
    peak_memory(lambda: held.append(block(100)), CPU)  # leaves blocks that the profiler knows of

    def call() -> None:
        held.clear()
        stale.clear()
        block(8)

    assert peak_memory(call, CPU) == 8 * KB


def test_work_that_is_shared_between_threads_is_seen_as_one_threads_work() -> None:
    def call() -> None:
        if torch.get_num_threads() > 1:
            thread = threading.Thread(target=block, args=(9,))
            thread.start()
            thread.join()
        else:
            block(9)

    threads = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        assert peak_memory(call, CPU) == 9 * KB
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(threads)


def test_the_threads_come_back_after_an_error() -> None:
    threads = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        with pytest.raises(ZeroDivisionError), one_thread():
            _ = 1 // (torch.get_num_threads() - 1)
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(threads)


class Clock:
    """Stands for ``time.perf_counter``; calls move it by the seconds they take."""

    def __init__(self) -> None:
        self.now = 0.0
        self.calls: list[str] = []

    def __call__(self) -> float:
        return self.now

    def call(self, name: str, *seconds: float) -> Callable[[], None]:
        """A call that takes those seconds one after another, again and again."""
        made = [0]

        def take() -> None:
            self.calls.append(name)
            self.now += seconds[made[0] % len(seconds)]
            made[0] += 1

        return take


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(measure.time, "perf_counter", clock)
    monkeypatch.setattr(measure, "peak_memory", lambda call, device: 3 * MB)
    return clock


def test_calls_take_turns(clock: Clock) -> None:
    measured = alternate({"a": clock.call("a", 1.0), "b": clock.call("b", 2.0)}, CPU, budget=0)
    assert clock.calls == ["a", "b", "a", "b", "a", "b"]
    assert measured == {"a": (1.0, 3.0), "b": (2.0, 3.0)}


def test_the_median_counts_and_not_the_mean(clock: Clock) -> None:
    assert alternate({"a": clock.call("a", 1.0, 1.5, 90.0)}, CPU, budget=0)["a"].seconds == 1.5


@pytest.mark.parametrize(
    ("budget", "least", "rounds"), [(0, 3, 3), (0, 1, 1), (10, 3, 6), (1e9, 3, MOST_ROUNDS), (3.9, 3, 3)]
)
def test_rounds_go_on_for_the_budget(clock: Clock, budget: float, least: int, rounds: int) -> None:
    alternate({"a": clock.call("a", 1.0), "b": clock.call("b", 1.0)}, CPU, budget, least=least)
    assert clock.calls.count("a") == clock.calls.count("b") == rounds


@pytest.mark.parametrize(("seconds", "rounds"), [(11.0, SLOW_ROUNDS), (9.0, 3)])
def test_a_slow_call_has_fewer_rounds(
    clock: Clock, seconds: float, rounds: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def called_twice(call: Callable[[], object], device: torch.device) -> float:
        call()
        call()
        clock.calls.clear()  # so that rounds are left
        return 3 * MB

    monkeypatch.setattr(measure, "peak_memory", called_twice)
    slow = clock.call("slow", seconds, seconds, seconds + 1, seconds + 3, seconds + 3)
    measured = alternate({"slow": slow, "fast": clock.call("fast", 1.0)}, CPU, budget=0)
    assert clock.calls.count("slow") == rounds and clock.calls.count("fast") == 3
    assert clock.calls[:4] == ["slow", "fast"] * 2
    assert measured["slow"].seconds == seconds + (2 if rounds == 2 else 3) and measured["fast"].seconds == 1.0
    assert alternate({"slow": slow}, CPU, budget=0, least=1)["slow"].seconds > 0
    assert clock.calls.count("slow") == 1  # no more than is asked


def test_it_says_what_is_going_on(clock: Clock) -> None:
    said: list[str] = []
    alternate({"dense": clock.call("dense", 1.0)}, CPU, 0, said.append, least=2)
    assert said == ["dense: warm-up and memory", "dense: round 1", "dense: round 2"]


def test_garbage_is_collected_before_a_call_is_timed(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gc, "collect", lambda: clock.calls.append("collected"))
    measure.seconds(clock.call("a", 4.0), CPU)
    assert clock.calls == ["collected", "a"]
