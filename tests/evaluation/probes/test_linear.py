import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from helpers import raises
from torch.nn.functional import cross_entropy

from conclu_pyg.errors import ArgumentError, ConcluError
from conclu_pyg.evaluation.cross_validation import Accuracy, accuracy_of
from conclu_pyg.evaluation.probe import ProbeSplits, probe_splits
from conclu_pyg.evaluation.probes.linear import LinearSVM, LogisticClassifier, describe
from conclu_pyg.registry import PROBES
from conclu_pyg.runs.embedding import Features
from conclu_pyg.runs.loaded_run import LoadedRun, load_run
from conclu_pyg.runs.provenance import CloudSet

Make = Callable[..., Any]


@pytest.fixture(params=[LinearSVM, LogisticClassifier], ids=lambda make: make.name)
def make(request: pytest.FixtureRequest) -> Make:
    return request.param


def blobs(count: int, spread: float, seed: int, classes: int = 4, channels: int = 12) -> Features:
    """Features around one corner of a simplex for each class."""
    rng = np.random.default_rng(seed)
    y = np.arange(count) % classes
    x = np.eye(classes, channels)[y] + spread * rng.normal(size=(count, channels))
    return Features(x.astype(np.float32), y)


def measured(classifier: Any, test: Features) -> Accuracy:
    return accuracy_of(classifier.predict(test.x), test.y, 4)


def test_linearly_separable_classes_are_separated(make: Make) -> None:
    classifier = make(blobs(80, 0.02, 0))
    assert classifier.cross_validation == 100 and measured(classifier, blobs(40, 0.02, 1)) == (100, [100] * 4)


def test_shuffled_labels_reach_chance(make: Make) -> None:
    train = blobs(240, 0.02, 0)
    classifier = make(Features(train.x, np.random.default_rng(2).permutation(train.y)))
    assert classifier.cross_validation == pytest.approx(25, abs=10)
    assert measured(classifier, blobs(400, 0.02, 1)).total == pytest.approx(25, abs=20)


@pytest.mark.parametrize("scale", [2.0**-12, 2.0**12])
def test_the_scale_of_the_features_has_no_influence(scale: float) -> None:
    train, test = blobs(120, 0.6, 0), blobs(80, 0.6, 1)
    scales = (scale * 2.0 ** np.arange(12)).astype(np.float32)  # another one for each channel
    scaled, plain = LinearSVM(Features(train.x * scales, train.y)), LinearSVM(train)
    assert (scaled.C, scaled.cross_validation) == (plain.C, plain.cross_validation)
    assert np.array_equal(scaled.predict(test.x * scales), plain.predict(test.x))


def test_it_gives_the_same_twice(make: Make) -> None:
    train, test = blobs(120, 0.6, 0), blobs(80, 0.6, 1)
    first, second = make(train, seed=3), make(train, seed=3)
    assert np.array_equal(first.predict(test.x), second.predict(test.x))


def test_a_class_that_is_not_held_out_has_no_accuracy() -> None:
    test = blobs(40, 0.02, 1)
    accuracy = measured(LinearSVM(blobs(80, 0.02, 0)), Features(test.x[test.y != 2], test.y[test.y != 2]))
    assert accuracy.total == 100
    assert [math.isnan(value) for value in accuracy.per_class] == [False, False, True, False]


def test_a_class_that_is_not_trained_on_is_never_right(make: Make) -> None:
    train = blobs(80, 0.02, 0)
    classifier = make(Features(train.x[train.y != 2], train.y[train.y != 2]))
    assert measured(classifier, blobs(40, 0.02, 1)) == (75, [100, 100, 0, 100])


def test_a_rare_class_is_no_hindrance(recwarn: pytest.WarningsRecorder) -> None:
    train = blobs(20, 0.02, 0)
    keep = [*np.flatnonzero(train.y != 3), 3]  # one cloud of the last class
    svm = LinearSVM(Features(train.x[keep], train.y[keep]))
    assert measured(svm, blobs(40, 0.02, 1)).total > 70 and 0 <= svm.cross_validation <= 100
    assert not recwarn.list


def test_constant_features_are_no_crash() -> None:
    train = blobs(40, 0.1, 0)
    constant = Features(np.ones_like(train.x), train.y)
    assert measured(LinearSVM(constant), constant).total == 25


def test_a_C_at_the_end_of_the_grid_has_a_note() -> None:
    train = blobs(80, 0.6, 0)
    C = LinearSVM(train).C
    assert LinearSVM(train, grid=(C,)).notes and not LinearSVM(train, grid=(C / 1e9, C, C * 1e9)).notes


def test_the_predictions_of_logistic_regression_are_those_of_the_softmax_that_gradient_descent_finds() -> None:
    train, test = blobs(90, 0.6, 0, classes=3), blobs(300, 0.6, 1, classes=3)
    found = LogisticClassifier(train, grid=(1.0,)).predict(test.x)
    x, held_out = (torch.from_numpy(part.x).double() for part in (train, test))
    mean, deviation = x.mean(dim=0), x.std(dim=0, correction=0) * 12**0.5
    weight = torch.zeros(12, 3, dtype=torch.float64, requires_grad=True)
    bias = torch.zeros(3, dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.LBFGS([weight, bias], max_iter=500, line_search_fn="strong_wolfe")

    def closure() -> torch.Tensor:
        optimizer.zero_grad()
        logits = (x - mean) / deviation @ weight + bias
        loss = cross_entropy(logits, torch.from_numpy(train.y), reduction="sum") + weight.square().sum() / 2
        loss.backward()
        return loss

    optimizer.step(closure)
    predicted = ((held_out - mean) / deviation @ weight + bias).argmax(dim=1).numpy()
    assert np.mean(found == predicted) > 0.99 and 0.5 < np.mean(predicted == test.y) < 0.98


def test_missing_convergence_is_noted(recwarn: pytest.WarningsRecorder) -> None:
    train = blobs(120, 0.6, 0)
    assert LogisticClassifier(train, max_iter=2).notes[-1] == "logistic regression did not converge in 2 iterations."
    assert not any("converge" in note for note in LogisticClassifier(train).notes) and not recwarn.list


def test_fewer_than_two_classes_of_three_clouds_are_refused(make: Make) -> None:
    features = Features(np.random.default_rng(0).normal(size=(6, 5)).astype(np.float32), np.array([0, 1, 2] * 2))
    with raises(ConcluError, got=2):
        make(features)


@pytest.fixture(scope="module")
def loaded(tiny_run: Path) -> LoadedRun:
    return load_run(tiny_run, ["dataset.num_shapes=120"])


@pytest.mark.parametrize(("name", "cls"), [("svm", LinearSVM), ("linear", LogisticClassifier)])
def test_a_probe_measures_its_classifier(loaded: LoadedRun, name: str, cls: Make) -> None:
    splits = probe_splits(loaded)
    (result,) = PROBES.build({"name": name}).measure(loaded, splits)
    classifier, test = cls(loaded.embed(splits.train), loaded.seed), loaded.embed(splits.test)
    assert result.metric == "accuracy" and result.value == 100 * np.mean(classifier.predict(test.x) == test.y)
    assert result.details["C"] == classifier.C and result.details["notes"] == classifier.notes
    assert list(result.details["per_class"]) == splits.train.classes
    described = result.protocol["classifier"]
    assert (described.name, described.selected, described.folds) == (cls.name, "C", 3)


@pytest.mark.parametrize("name", ["svm", "linear", "robustness"])
def test_too_few_clouds_are_refused_by_the_check(loaded: LoadedRun, name: str) -> None:
    train = loaded.split("train").subset(np.arange(20))  # one cloud of each class
    clouds = CloudSet("train", 20, 120)
    with raises(ConcluError, got=1):
        PROBES.build({"name": name}).check(ProbeSplits(train, loaded.split("test"), clouds, clouds))


@pytest.mark.parametrize("name", ["svm", "linear", "knn"])
@pytest.mark.parametrize("grid", [[], [0], [1, -1]])
def test_a_grid_that_selects_nothing_is_refused(name: str, grid: list[int]) -> None:
    with pytest.raises(ArgumentError) as error:
        PROBES.build({"name": name, "grid": grid})
    assert "grid" in error.value.argument


@pytest.mark.parametrize(
    "arguments", [{"num_draws": 0}, {"C": -1.0}, {"C": math.nan}, {"ways": []}, {"shots": [0]}, {"queries": 0}]
)
def test_few_shot_arguments_out_of_bounds_are_refused(arguments: dict[str, Any]) -> None:
    with pytest.raises(ArgumentError):
        PROBES.build({"name": "few-shot", **arguments})


def test_the_protocol_tells_other_grids_from_the_default_one(make: Make) -> None:
    features = blobs(40, 0.3, 0)
    assert describe(make(features)).grid is None
    assert describe(make(features, grid=(1.0, 10.0))).grid == (1.0, 10.0)
