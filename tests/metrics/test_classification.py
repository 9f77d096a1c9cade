"""Metrics of classification against scikit-learn and a loop."""

import math

import pytest
import torch
from sklearn.metrics import accuracy_score, balanced_accuracy_score, confusion_matrix

from conclu_pyg.metrics import classification_scores

CLASSES = ["cup", "lamp", "box", "key"]


def test_equals_scikit_learn() -> None:
    truth, predicted = torch.randint(4, (200,)), torch.randint(4, (200,))
    predicted[:120] = truth[:120]
    values, per_class, confusion = classification_scores(predicted, truth, CLASSES)
    assert values["accuracy"] == pytest.approx(100 * accuracy_score(truth, predicted))
    assert values["class accuracy"] == pytest.approx(100 * balanced_accuracy_score(truth, predicted))
    assert confusion.tolist() == confusion_matrix(truth, predicted).tolist() and confusion.dtype == torch.int64
    for label, name in enumerate(CLASSES):
        of_class = [p == label for p, t in zip(predicted.tolist(), truth.tolist(), strict=True) if t == label]
        assert per_class[name] == {"accuracy": pytest.approx(100 * sum(of_class) / len(of_class))}


def test_an_absent_class_is_nan_and_left_out_of_the_mean() -> None:
    truth, predicted = torch.tensor([0, 0, 2, 2]), torch.tensor([0, 1, 2, 2])  # a lamp is predicted, and there is none
    values, per_class, confusion = classification_scores(predicted, truth, CLASSES)
    assert values == {"accuracy": 75.0, "class accuracy": 75.0}
    assert per_class["cup"]["accuracy"] == 50 and per_class["box"]["accuracy"] == 100
    assert math.isnan(per_class["lamp"]["accuracy"]) and math.isnan(per_class["key"]["accuracy"])
    assert confusion[0].tolist() == [1, 1, 0, 0]


def test_the_classes_mean_is_not_the_share_of_the_clouds() -> None:
    truth = torch.tensor([0] * 9 + [1])
    values = classification_scores(torch.zeros(10, dtype=torch.long), truth, ["cup", "lamp"]).values
    assert values == {"accuracy": 90.0, "class accuracy": 50.0}


def test_a_class_without_another_is_always_right() -> None:
    zeros = torch.zeros(3, dtype=torch.long)
    values, per_class, confusion = classification_scores(zeros, zeros, ["cup"])
    assert values == {"accuracy": 100.0, "class accuracy": 100.0} and per_class == {"cup": {"accuracy": 100.0}}
    assert confusion.tolist() == [[3]]


def test_one_cloud_is_right_or_wrong() -> None:
    for label, value in ((1, 100.0), (0, 0.0)):
        scores = classification_scores(torch.tensor([label]), torch.tensor([1]), CLASSES)
        assert scores.values == {"accuracy": value, "class accuracy": value}
