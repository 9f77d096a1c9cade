"""Metrics and warnings of collapse."""

import math

import pytest
import torch
from torch import Tensor

from conclu_pyg.methods.diagnostics import (
    JUDGED_STEPS,
    SETTLED_STEPS,
    cluster_warnings,
    clustering_metrics,
    collapse_warnings,
    feature_metrics,
    feature_warnings,
    judge,
    projection_std,
)

NAMES = {"prototype_usage", "prototype_entropy", "code_entropy", "code_agreement"}


def entropy_by_hand(p: list[float]) -> float:
    return -sum(x * math.log(x) for x in p if x > 0)


def draw(size: int = 6, prototypes: int = 4) -> tuple[Tensor, Tensor, Tensor]:
    logits = 3 * torch.randn(3, size, prototypes, dtype=torch.double)
    return logits[0].log_softmax(dim=1), logits[1].softmax(dim=1), logits[2].softmax(dim=1)


def test_the_spread_of_projections_is_0_where_they_are_one_vector() -> None:
    assert projection_std(torch.randn(1, 256).expand(32, 256)).item() == pytest.approx(0, abs=1e-6)
    lengths = torch.rand(32, 1) + 0.5
    assert projection_std(lengths * torch.randn(256)).item() == pytest.approx(0, abs=1e-4)
    assert projection_std(torch.zeros(32, 256)).item() == 0


def test_the_spread_of_projections_is_1_where_they_are_even_on_the_sphere() -> None:
    assert projection_std(torch.cat([torch.eye(16), -torch.eye(16)])).item() == pytest.approx(1)
    assert 0.98 < projection_std(torch.randn(512, 256)).item() <= 1


def test_the_spread_of_projections_is_the_deviation_of_their_directions() -> None:
    z = torch.randn(5, 3) + 1
    directions = [[x / math.hypot(*row) for x in row] for row in z.tolist()]
    deviations = []
    for d in range(3):
        mean = sum(row[d] for row in directions) / 5
        deviations.append(math.sqrt(sum((row[d] - mean) ** 2 for row in directions) / 5))
    assert projection_std(z).item() == pytest.approx(sum(deviations) / 3 * math.sqrt(3), rel=1e-5)
    assert projection_std(9 * z).item() == pytest.approx(projection_std(z).item(), rel=1e-5)


@pytest.mark.parametrize("rank", [1, 2, 5, 15])
def test_the_rank_of_features_is_that_of_even_directions(rank: int) -> None:
    axes = torch.cat([torch.eye(16)[:rank], -torch.eye(16)[:rank]])
    metrics = feature_metrics(axes.repeat(2, 1) @ torch.linalg.qr(torch.randn(16, 16)).Q)
    assert metrics["feature_rank"] == pytest.approx(rank, rel=1e-4)


def test_the_rank_of_features_weighs_their_singular_values() -> None:
    features = torch.tensor([[3.0, 0], [-3, 0], [0, 1], [0, -1]])  # of unit length, four even directions
    assert feature_metrics(features)["feature_rank"] == pytest.approx(2)
    x, y = math.cos(0.1), math.sin(0.1)  # singular values 2 x and 2 y
    expected = math.exp(entropy_by_hand([x / (x + y), y / (x + y)]))
    assert feature_metrics(torch.tensor([[x, y], [x, -y], [-x, y], [-x, -y]]))["feature_rank"] == pytest.approx(
        expected
    )


def test_equal_features_have_rank_1_and_no_spread() -> None:
    for features in (torch.zeros(8, 4), torch.ones(8, 4)):
        assert feature_metrics(features) == pytest.approx({"feature_std": 0, "feature_rank": 1}, abs=1e-5)
    assert feature_metrics(torch.randn(64, 32))["feature_std"] == pytest.approx(1, abs=0.05)


def test_the_metrics_of_clustering_follow_their_definitions() -> None:
    log_gamma, codes_a, codes_b = draw()
    gamma = log_gamma.exp().tolist()
    nearest = [row.index(max(row)) for row in gamma]
    agree = [a.index(max(a)) == b.index(max(b)) for a, b in zip(codes_a.tolist(), codes_b.tolist(), strict=True)]
    metrics = clustering_metrics(log_gamma, codes_a, codes_b)
    assert metrics.keys() == NAMES
    assert metrics["prototype_usage"].item() == pytest.approx(len(set(nearest)) / 4)
    mean = [sum(row[j] for row in gamma) / 6 for j in range(4)]
    assert metrics["prototype_entropy"].item() == pytest.approx(entropy_by_hand(mean))
    assert metrics["code_entropy"].item() == pytest.approx(sum(map(entropy_by_hand, codes_a.tolist())) / 6)
    assert metrics["code_agreement"].item() == pytest.approx(sum(agree) / 6)


def test_clusters_that_are_all_used_differ_from_clusters_that_collapsed() -> None:
    hard = torch.eye(8).repeat(3, 1)
    spread = clustering_metrics(hard.log(), hard, hard)
    expected = {"prototype_usage": 1, "prototype_entropy": math.log(8), "code_entropy": 0, "code_agreement": 1}
    assert {name: value.item() for name, value in spread.items()} == pytest.approx(expected)
    one, uniform = torch.eye(8)[:1].expand(24, 8), torch.full((24, 8), 1 / 8)
    collapsed = clustering_metrics(one.log(), uniform, hard)
    expected = {"prototype_usage": 1 / 8, "prototype_entropy": 0, "code_entropy": math.log(8), "code_agreement": 1 / 8}
    assert {name: value.item() for name, value in collapsed.items()} == pytest.approx(expected)


def test_metrics_carry_no_gradient() -> None:
    log_gamma, codes_a, codes_b = (x.requires_grad_() for x in draw())
    assert not any(value.requires_grad for value in clustering_metrics(log_gamma, codes_a, codes_b).values())
    assert not projection_std(torch.randn(4, 3, requires_grad=True)).requires_grad


# Warnings

HEALTHY = {
    "projection_std": 0.9,
    "prototype_usage": 0.7,
    "code_entropy": 0.4,
    "feature_std": 0.15,
    "feature_rank": 20.0,
    "step": SETTLED_STEPS,
}
CHANCE = {"code_agreement": 1.1 / 32, "step": JUDGED_STEPS, "seconds": 20.0, "clouds_per_second": 100.0}


def warnings(metrics: dict[str, float]) -> list[str]:
    clusters = cluster_warnings(metrics, 32, "do B", "do C")
    return [*collapse_warnings(metrics, "do A"), *clusters, *feature_warnings(metrics)]


def test_a_healthy_epoch_is_not_warned_about() -> None:
    assert warnings(HEALTHY) == []


@pytest.mark.parametrize(
    ("metrics", "words"),
    [
        ({"projection_std": 0.05}, ["collapse", "almost equal", "0.05 of 1", "weaken the views, or do A."]),
        ({"prototype_usage": 1 / 32}, ["collapse", "1.0 of 32 prototypes", "do B."]),
        ({"prototype_usage": 3.5 / 32}, ["only 3.5 of 32 prototypes", "do B."]),
        ({"code_entropy": 0.97 * math.log(32)}, ["almost uniform", "3.36 of ln 32 = 3.47", "do C."]),
        (CHANCE, ["agree in 3.4% of the clouds", "chance (1 of 32)", "pipeline.views"]),
        ({"feature_std": 0.003}, ["collapse", "almost equal", "0.0030", "lower pipeline.optimizer.lr."]),
        ({"feature_rank": 1.5}, ["collapse", "few directions", "1.5", "lower pipeline.optimizer.lr."]),
    ],
)
def test_each_collapse_is_named_with_its_value_and_advice(metrics: dict[str, float], words: list[str]) -> None:
    (sentence,) = warnings(HEALTHY | metrics)
    assert all(word in sentence for word in words)


@pytest.mark.parametrize(
    "change",
    [
        {},  # the least agreement of the recorded trainings, after 124 steps
        {**CHANCE, "step": JUDGED_STEPS - 1},  # too early
        {"feature_std": 0.0, "feature_rank": 1.0, "step": SETTLED_STEPS - 1},  # too early
        {**CHANCE, "clouds_per_second": 5.0},  # too few clouds to tell
        {"prototype_usage": 0.43, "feature_std": 0.15, "feature_rank": 20.0},  # the least of the recorded trainings
    ],
)
def test_what_healthy_trainings_measured_is_not_warned_about(change: dict[str, float]) -> None:
    assert warnings(HEALTHY | CHANCE | {"code_agreement": 1.6 / 32} | change) == []


def test_warnings_name_no_option_of_a_method() -> None:
    bad = {"projection_std": 0.0, "prototype_usage": 0.03, "code_entropy": 3.46, "feature_std": 0.0, **CHANCE}
    assert len(warnings(bad)) == 5 and "model." not in " ".join(warnings(bad))
    assert "the learning rate or weaken the views." in collapse_warnings(bad)[0]


def test_absent_metrics_are_not_judged() -> None:
    assert warnings({}) == warnings({"prototype_usage": 0.5}) == warnings({"projection_std": 0.9}) == []


HEALTHY = {
    "step": 1000.0,
    "projection_std": 0.95,
    "feature_std": 0.3,
    "feature_rank": 20.0,
    "prototype_usage": 0.6,
    "code_entropy": 0.2,
    "code_agreement": 0.5,
}
COLLAPSED = {
    "projection_std": 0.05,
    "feature_std": 0.01,
    "feature_rank": 1.5,
    "prototype_usage": 0.05,
    "code_entropy": 3.46,
}


def test_a_healthy_training_is_healthy_in_every_statistic() -> None:
    found = judge(HEALTHY, 32)
    assert [each.name for each in found] == [name for name in HEALTHY if name != "step"]
    assert all(each.is_healthy for each in found) and all(each.value == HEALTHY[each.name] for each in found)
    assert [each.name for each in judge(HEALTHY)] == ["projection_std", "feature_std", "feature_rank"]


@pytest.mark.parametrize("name", COLLAPSED)
def test_each_statistic_is_judged_as_the_warnings_judge_it(name: str) -> None:
    metrics = HEALTHY | {name: COLLAPSED[name]}
    assert [each.name for each in judge(metrics, 32) if not each.is_healthy] == [name]
    assert [*collapse_warnings(metrics), *feature_warnings(metrics), *cluster_warnings(metrics, 32, "", "")] != []


def test_a_short_training_is_not_judged_yet_and_absent_statistics_never() -> None:
    early = {each.name: each.is_healthy for each in judge(HEALTHY | {"step": 10.0}, 32)}
    assert early["feature_std"] is early["feature_rank"] is early["code_agreement"] is None and early["code_entropy"]
    assert judge({"feature_std": math.nan}) == [] and judge({"feature_std": 0.01})[0].is_healthy is False
