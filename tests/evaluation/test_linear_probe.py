import numpy as np
import pytest
import torch
from torch.nn.functional import cross_entropy

from conclu_pyg.errors import ConcluError
from conclu_pyg.evaluation import linear_probe
from conclu_pyg.evaluation.linear_probe import GRID, logistic_regression
from conclu_pyg.runs.embedding import Features


def blobs(count: int, spread: float, seed: int, classes: int = 4, channels: int = 12) -> Features:
    rng = np.random.default_rng(seed)
    y = np.arange(count) % classes
    return Features((np.eye(classes, channels)[y] + spread * rng.normal(size=(count, channels))).astype(np.float32), y)


def test_classes_that_a_plane_separates_are_told_apart() -> None:
    result = logistic_regression(blobs(80, 0.02, 0), blobs(40, 0.02, 1), 4)
    assert result.accuracy == result.cross_validation == 100 and result.per_class == [100] * 4
    assert result.c in GRID and result.converged


def test_shuffled_labels_reach_chance() -> None:
    train = blobs(240, 0.02, 0)
    train = Features(train.x, np.random.default_rng(2).permutation(train.y))
    assert logistic_regression(train, blobs(400, 0.02, 1), 4).cross_validation == pytest.approx(25, abs=10)


def test_the_predictions_are_those_of_the_softmax_that_gradient_descent_finds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(linear_probe, "GRID", (1.0,))
    train, test = blobs(90, 0.6, 0, classes=3), blobs(300, 0.6, 1, classes=3)
    result = logistic_regression(train, test, 3)
    x, held_out = (torch.from_numpy(part.x).double() for part in (train, test))
    mean, deviation = x.mean(dim=0), x.std(dim=0, correction=0) * 12**0.5
    weight = torch.zeros(12, 3, dtype=torch.float64, requires_grad=True)
    bias = torch.zeros(3, dtype=torch.float64, requires_grad=True)
    optimiser = torch.optim.LBFGS([weight, bias], max_iter=500, line_search_fn="strong_wolfe")

    def closure() -> torch.Tensor:
        optimiser.zero_grad()
        logits = (x - mean) / deviation @ weight + bias
        loss = cross_entropy(logits, torch.from_numpy(train.y), reduction="sum") + weight.square().sum() / 2
        loss.backward()
        return loss

    optimiser.step(closure)
    predicted = ((held_out - mean) / deviation @ weight + bias).argmax(dim=1).numpy()
    assert result.accuracy == pytest.approx(100 * np.mean(predicted == test.y), abs=0.4) and 50 < result.accuracy < 98


def test_what_is_held_out_has_no_influence_on_the_cost() -> None:
    train = blobs(120, 0.6, 0)
    tests = (blobs(40, 0.6, 1), Features(1e6 * blobs(40, 1.0, 3).x, np.zeros(40, dtype=int)))
    results = [logistic_regression(train, test, 4) for test in tests]
    assert len({(result.c, result.cross_validation) for result in results}) == 1


def test_what_had_not_come_to_rest_is_said(monkeypatch: pytest.MonkeyPatch, recwarn: pytest.WarningsRecorder) -> None:
    monkeypatch.setattr(linear_probe, "STEPS", 2)
    assert not logistic_regression(blobs(120, 0.6, 0), blobs(40, 0.6, 1), 4).converged
    assert not recwarn.list


def test_fewer_than_two_classes_of_three_clouds_are_refused() -> None:
    features = Features(np.random.default_rng(0).normal(size=(6, 5)).astype(np.float32), np.array([0, 1, 2] * 2))
    with pytest.raises(ConcluError, match="logistic regression whose C is chosen by 3-fold cross-validation needs two"):
        logistic_regression(features, features, 3)
