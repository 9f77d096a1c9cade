"""Epochs that cost as much as the reference, by trying all numbers."""

import random

import pytest

from conclu_pyg.reproduction.budgets import Cost, StageCost, equal_cpu_epochs


def by_hand(cost: Cost, shares: dict[str, float], epochs: int) -> float:
    total, seconds = sum(shares.get(stage.stage, 1.0) for stage in cost.stages), 0.0
    for stage in cost.stages:
        own = max(1, round(epochs * shares.get(stage.stage, 1.0) / total))
        seconds += stage.setup_cpu_seconds + own * cost.num_clouds * stage.cpu_seconds_per_cloud
    return seconds


@pytest.mark.parametrize("case", range(20))
def test_no_other_number_of_epochs_is_closer(case: int) -> None:
    draw = random.Random(case)
    names = ["", "b"][: draw.randint(1, 2)]
    stages = [StageCost(name, draw.uniform(0.001, 0.05), draw.choice([0.0, 30.0]), 7, 1.0) for name in names]
    cost, shares = Cost(draw.randint(50, 500), tuple(stages)), {"b": draw.uniform(0.2, 3)}
    target = draw.uniform(0.1, 300)
    found = equal_cpu_epochs(cost, shares, target)
    assert cost.cpu_seconds(found, shares) == pytest.approx(by_hand(cost, shares, found))
    tried = range(len(names), 2000)
    least = min(abs(by_hand(cost, shares, epochs) - target) for epochs in tried)
    assert abs(by_hand(cost, shares, found) - target) == pytest.approx(least)


def test_the_reference_gets_its_own_epochs() -> None:
    cost = Cost(100, (StageCost("", 0.01, 0.0, 5, 2.0),))
    for epochs in (1, 2, 17):
        assert equal_cpu_epochs(cost, {}, cost.cpu_seconds(epochs, {})) == epochs


def test_a_costly_method_has_an_epoch_of_each_stage_at_least() -> None:
    cost = Cost(100, (StageCost("a", 1.0, 0.0, 5, 2.0), StageCost("b", 1.0, 0.0, 9, 1.0)))
    assert equal_cpu_epochs(cost, {}, 0.01) == 2
    assert (cost.parameters, cost.peak_mib) == (9, 2.0) and cost.clouds_per_cpu_second({}) == pytest.approx(1.0)
    assert cost.clouds_per_cpu_second({"a": 3.0}) == pytest.approx(1.0)
