import math

import numpy as np
import pytest
from helpers import raises
from sklearn.dummy import DummyClassifier
from sklearn.svm import SVC

from conclu_pyg.errors import ConcluError
from conclu_pyg.evaluation.cross_validation import Scaling, accuracy_of, check_labels, notes_on_C, select_C


def test_scaled_training_features_have_a_mean_square_of_one_over_their_number() -> None:
    x = np.random.default_rng(0).normal(3, 5, size=(40, 8)).astype(np.float32)
    scaled = Scaling(x)(x)
    assert np.allclose(scaled.mean(axis=0), 0) and np.allclose((scaled**2).mean(axis=0), 1 / 8)
    assert np.allclose(Scaling(x)(x[:1] + 5), scaled[:1] + 5 / x.std(axis=0) / math.sqrt(8), atol=1e-5)


def test_a_class_without_clouds_has_no_accuracy_and_is_none_in_the_details() -> None:
    found = accuracy_of(np.array([0, 1, 1, 0]), np.array([0, 0, 1, 0]), 3)
    assert found.total == 75 and found.per_class[:2] == pytest.approx([200 / 3, 100]) and math.isnan(found.per_class[2])
    assert found.by_name(["a", "b", "c"]) == {"a": 66.7, "b": 100.0, "c": None}


def test_the_C_of_the_best_folds_is_selected() -> None:
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(60, 3)), np.arange(60) % 2
    x[:, 0] += 3 * y
    search = select_C(SVC(kernel="linear"), (1e-6, 1.0), x, y, 0)
    scores = search.cv_results_["mean_test_score"]
    assert search.best_params_["C"] == (1e-6, 1.0)[int(np.argmax(scores))] and scores[0] != scores[1]
    assert search.best_score_ > DummyClassifier().fit(x, y).score(x, y)


def test_a_C_at_an_end_of_the_grid_has_a_note() -> None:
    grid = (0.5, 1.0, 200.0)
    assert notes_on_C(1.0, grid) == []
    assert notes_on_C(0.5, grid) == [
        "C = 0.5 is the smallest value of the grid (0.5 to 200); one beyond it may be better."
    ]
    assert "largest" in notes_on_C(200.0, grid)[0]


@pytest.mark.parametrize(("labels", "most"), [([0] * 12, 12), ([0] * 10 + [1] * 2, 10), ([0, 1, 2] * 2, 2)])
def test_fewer_than_two_classes_with_a_cloud_for_each_fold_are_refused(labels: list[int], most: int) -> None:
    with raises(ConcluError, got=most) as error:
        check_labels(np.array(labels), "linear SVM")
    assert str(error.value) == (
        "linear SVM: selecting C by 3-fold cross-validation needs at least two classes with 3 training clouds each; "
        f"the largest of the {len(set(labels))} classes has {most}."
    )
    check_labels(np.array([0, 1, 2] * 3), "linear SVM")
