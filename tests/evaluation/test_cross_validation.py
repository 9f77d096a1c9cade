import math

import numpy as np
import pytest
from sklearn.dummy import DummyClassifier
from sklearn.svm import SVC

from conclu_pyg.evaluation.cross_validation import Scaling, accuracy_of, choose_cost, cost_notes, rounded


def test_scaled_training_features_have_a_mean_square_of_one_over_their_number() -> None:
    x = np.random.default_rng(0).normal(3, 5, size=(40, 8)).astype(np.float32)
    scaled = Scaling(x)(x)
    assert np.allclose(scaled.mean(axis=0), 0) and np.allclose((scaled**2).mean(axis=0), 1 / 8)
    assert np.allclose(Scaling(x)(x[:1] + 5), scaled[:1] + 5 / x.std(axis=0) / math.sqrt(8), atol=1e-5)


def test_a_class_without_clouds_has_no_accuracy_and_is_none_in_the_details() -> None:
    found = accuracy_of(np.array([0, 1, 1, 0]), np.array([0, 0, 1, 0]), 3)
    assert found.total == 75 and found.per_class[:2] == pytest.approx([200 / 3, 100]) and math.isnan(found.per_class[2])
    assert rounded(["a", "b", "c"], found.per_class) == {"a": 66.7, "b": 100.0, "c": None}


def test_the_cost_of_the_best_folds_is_taken() -> None:
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(60, 3)), np.arange(60) % 2
    x[:, 0] += 3 * y
    search = choose_cost(SVC(kernel="linear"), (1e-6, 1.0), x, y, 0)
    scores = search.cv_results_["mean_test_score"]
    assert search.best_params_["C"] == (1e-6, 1.0)[int(np.argmax(scores))] and scores[0] != scores[1]
    assert search.best_score_ > DummyClassifier().fit(x, y).score(x, y)


def test_a_cost_at_an_end_has_a_note() -> None:
    grid = (0.5, 1.0, 200.0)
    assert cost_notes(1.0, grid) == []
    assert cost_notes(0.5, grid) == [
        "C = 0.5 is the smallest of the costs tried, 0.5 to 200; one beyond may do better."
    ]
    assert "largest" in cost_notes(200.0, grid)[0]
