import math

import numpy as np
import pytest

from conclu_pyg.errors import ConcluError
from conclu_pyg.evaluation.linear_svm import GRID, linear_svm
from conclu_pyg.runs.embedding import Features


def blobs(count: int, spread: float, seed: int, classes: int = 4, channels: int = 12) -> Features:
    """Clouds of points around one corner of a simplex for each class."""
    rng = np.random.default_rng(seed)
    y = np.arange(count) % classes
    x = np.eye(classes, channels)[y] + spread * rng.normal(size=(count, channels))
    return Features(x.astype(np.float32), y)


def test_classes_that_a_plane_separates_are_told_apart() -> None:
    result = linear_svm(blobs(80, 0.02, 0), blobs(40, 0.02, 1), 4)
    assert result.accuracy == result.cross_validation == 100
    assert result.per_class == [100] * 4
    assert result.c in GRID


def test_shuffled_labels_reach_chance() -> None:
    train, test = blobs(240, 0.02, 0), blobs(400, 0.02, 1)
    train = Features(train.x, np.random.default_rng(2).permutation(train.y))
    assert linear_svm(train, test, 4).accuracy == pytest.approx(25, abs=20)
    assert linear_svm(train, test, 4).cross_validation == pytest.approx(25, abs=10)


def test_the_accuracy_is_the_mean_over_the_clouds_and_that_of_a_class_over_its_own() -> None:
    train = blobs(80, 0.02, 0)
    test = Features(train.x[:8], np.array([0, 1, 2, 3, 0, 1, 2, 0]))  # the last cloud's label is wrong
    result = linear_svm(train, test, 4)
    assert result.accuracy == 87.5
    assert result.per_class == pytest.approx([200 / 3, 100, 100, 100])


def test_what_is_held_out_has_no_influence_on_the_cost() -> None:
    train = blobs(120, 0.6, 0)
    chosen = set()
    for test in (blobs(40, 0.6, 1), blobs(40, 9.0, 2), Features(1e6 * blobs(40, 1.0, 3).x, np.zeros(40, dtype=int))):
        result = linear_svm(train, test, 4)
        chosen.add((result.c, result.cross_validation))
    assert len(chosen) == 1


@pytest.mark.parametrize("scale", [2.0**-12, 2.0**12])
def test_the_scale_of_the_features_has_no_influence(scale: float) -> None:
    train, test = blobs(120, 0.6, 0), blobs(80, 0.6, 1)
    scales = (scale * 2.0 ** np.arange(12)).astype(np.float32)  # another one for each channel
    scaled = linear_svm(Features(train.x * scales, train.y), Features(test.x * scales, test.y), 4)
    assert scaled == linear_svm(train, test, 4)


def test_it_gives_the_same_twice() -> None:
    train, test = blobs(120, 0.6, 0), blobs(80, 0.6, 1)
    assert linear_svm(train, test, 4, seed=3) == linear_svm(train, test, 4, seed=3)


def test_a_class_that_is_not_held_out_has_no_accuracy() -> None:
    test = blobs(40, 0.02, 1)
    result = linear_svm(blobs(80, 0.02, 0), Features(test.x[test.y != 2], test.y[test.y != 2]), 4)
    assert result.accuracy == 100
    assert [math.isnan(value) for value in result.per_class] == [False, False, True, False]


def test_a_class_that_is_not_trained_on_is_never_right() -> None:
    train = blobs(80, 0.02, 0)
    result = linear_svm(Features(train.x[train.y != 2], train.y[train.y != 2]), blobs(40, 0.02, 1), 4)
    assert result.accuracy == 75 and result.per_class == [100, 100, 0, 100]


def test_a_rare_class_is_no_hindrance(recwarn: pytest.WarningsRecorder) -> None:
    train = blobs(20, 0.02, 0)
    keep = [*np.flatnonzero(train.y != 3), 3]  # one cloud of the last class
    result = linear_svm(Features(train.x[keep], train.y[keep]), blobs(40, 0.02, 1), 4)
    assert result.accuracy > 70 and 0 <= result.cross_validation <= 100
    assert not recwarn.list


def test_constant_features_are_no_crash() -> None:
    train = blobs(40, 0.1, 0)
    result = linear_svm(Features(np.ones_like(train.x), train.y), Features(np.ones_like(train.x), train.y), 4)
    assert result.accuracy == 25


@pytest.mark.parametrize("labels", [[0] * 12, [0] * 10 + [1] * 2, [0, 1, 2] * 2])
def test_fewer_than_two_classes_of_three_clouds_are_refused(labels: list[int]) -> None:
    y = np.array(labels)
    features = Features(np.random.default_rng(0).normal(size=(len(y), 5)).astype(np.float32), y)
    with pytest.raises(
        ConcluError, match=r"needs two classes of 3 training clouds at least; the largest of the \d classes"
    ):
        linear_svm(features, features, 3)
