import math

import pytest

from conclu_pyg.methods.collapse import collapse_warnings

HEALTHY = {"projection_std": 0.9, "prototype_usage": 0.7, "code_entropy": 0.4}


def test_a_healthy_epoch_is_not_warned_about() -> None:
    assert collapse_warnings(HEALTHY, 32) == []


@pytest.mark.parametrize(
    ("metrics", "words"),
    [
        ({"projection_std": 0.05}, ["collapse", "almost equal", "0.05 of 1", "pipeline.lr"]),
        ({"prototype_usage": 1 / 32}, ["collapse", "1.0 of 32 prototypes", "model.orthogonality_weight"]),
        ({"code_entropy": 0.97 * math.log(32)}, ["almost uniform", "3.36 of ln 32 = 3.47", "model.clusterer.epsilon"]),
    ],
)
def test_each_collapse_is_named_with_its_figure_and_a_remedy(metrics: dict[str, float], words: list[str]) -> None:
    (sentence,) = collapse_warnings(HEALTHY | metrics, 32)
    assert all(word in sentence for word in words)


def test_several_are_all_named() -> None:
    assert len(collapse_warnings({"projection_std": 0.0, "prototype_usage": 0.03, "code_entropy": 3.46}, 32)) == 3


def test_what_a_method_does_not_measure_is_not_judged() -> None:
    assert collapse_warnings({}, 32) == collapse_warnings({"prototype_usage": 0.5}, 32) == []
    assert collapse_warnings({"projection_std": 0.9}, 0) == []
