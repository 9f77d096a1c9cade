from pathlib import Path

import numpy as np
import pytest

from conclu_pyg.errors import ConcluError
from conclu_pyg.evaluation.cross_validation import LinearResult
from conclu_pyg.evaluation.linear_record import linear_record
from conclu_pyg.evaluation.probe import ProbeSplits, probe_splits
from conclu_pyg.evaluation.probes import PROBES
from conclu_pyg.runs.embedding import Features
from conclu_pyg.runs.loaded_run import LoadedRun, load_run


@pytest.fixture(scope="module")
def loaded(tiny_run: Path) -> LoadedRun:
    return load_run(tiny_run, ["dataset.num_shapes=120"])


def test_what_is_reached_is_recorded_with_all_that_it_was_reached_on(loaded: LoadedRun) -> None:
    calls: list[tuple[Features, Features, int, int]] = []

    def classify(train: Features, test: Features, num_classes: int, seed: int) -> LinearResult:
        calls.append((train, test, num_classes, seed))
        return LinearResult(12.345, [float("nan"), 33.33] * 10, 8.0, 67.891)

    splits = probe_splits(loaded, "test")
    record = linear_record(
        loaded,
        splits,
        task="mine",
        classifier="mine",
        protocol="my classifier",
        grid=(1.0, 8.0),
        classify=classify,
        notes=lambda result: [f"it reached {result.accuracy:.0f}."],
    )
    ((train, test, num_classes, seed),) = calls
    assert np.array_equal(train.y, splits.train.y) and np.array_equal(test.y, splits.held_out.y)
    assert (num_classes, seed) == (20, 0)
    assert (record.task, record.metric, record.value) == ("mine", "accuracy", 12.35)
    assert record.protocol == (
        "weights after epoch 2 of 2: my classifier on the pooled features of the frozen encoder, 64 points of each "
        "clean cloud; trained on 120 training clouds, C by 3-fold cross-validation there; measured on 40 clouds (test "
        "split)"
    )
    details = record.details
    assert (details["num_points"], details["c"], details["cross_validation"]) == (64, 8.0, 67.89)
    assert list(details["per_class"].values()) == [None, 33.3] * 10
    assert details["notes"] == [
        "C = 8 is the largest of the costs tried, 1 to 8; one beyond may do better.",
        "it reached 12.",
    ]


@pytest.mark.parametrize(("name", "classifier"), [("svm", "a linear SVM"), ("linear", "logistic regression")])
def test_too_few_clouds_are_refused_before_features_are_computed(
    loaded: LoadedRun, name: str, classifier: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(LoadedRun, "embed", lambda *_: pytest.fail("features were computed"))
    train = loaded.split("train").subset(np.arange(20))  # one cloud of each class
    with pytest.raises(ConcluError, match=f"{classifier} whose C is chosen by 3-fold cross-validation needs two"):
        PROBES[name].measure(loaded, ProbeSplits(train, loaded.split("test"), "test"))
