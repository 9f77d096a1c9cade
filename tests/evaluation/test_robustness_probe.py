from pathlib import Path

import numpy as np
import pytest
import torch

from conclu_pyg.errors import ConcluError
from conclu_pyg.evaluation.changes import CHANGES, changed_split
from conclu_pyg.evaluation.linear_svm import LinearSVM, linear_svm
from conclu_pyg.evaluation.probe import ProbeSplits, probe_splits
from conclu_pyg.evaluation.robustness_probe import robustness_probe
from conclu_pyg.runs.embedding import embed
from conclu_pyg.runs.loaded_run import LoadedRun, load_run


@pytest.fixture(scope="module")
def loaded(tiny_run: Path) -> LoadedRun:
    return load_run(tiny_run, ["dataset.num_shapes=80", "dataset.num_points=32"])


@pytest.fixture(scope="module")
def splits(loaded: LoadedRun) -> ProbeSplits:
    return probe_splits(loaded, "test")


def test_one_record_has_the_clean_accuracy_and_those_of_all_changes(loaded: LoadedRun, splits: ProbeSplits) -> None:
    (record,) = robustness_probe(loaded, splits)
    assert (record.task, record.metric) == ("svm", "mean accuracy under changes")
    found = linear_svm(loaded.embed(splits.train), loaded.embed(splits.held_out), 20, loaded.seed)
    assert record.details["clean"] == round(found.accuracy, 2) and record.details["c"] == found.c
    accuracies = [value for change in record.details["changes"] for value in change["values"]]
    assert len(accuracies) == 24 and record.value == pytest.approx(np.mean(accuracies), abs=0.01)
    assert len(set(accuracies)) > 5
    machine = LinearSVM(loaded.embed(splits.train), loaded.seed)
    torch.manual_seed(loaded.seed)
    features = embed(
        loaded.method.encoder, changed_split(loaded, splits.held_out, CHANGES[4], 0.7), torch.device("cpu")
    )
    expected = 100 * np.mean(machine.predict(features.x) == features.y)
    assert record.details["changes"][4]["values"][-1] == round(expected, 2)


def test_too_few_labels_are_refused_before_the_features(
    loaded: LoadedRun, splits: ProbeSplits, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(LoadedRun, "embed", lambda *_: pytest.fail("the work was begun"))
    few = splits._replace(train=splits.train.subset(np.arange(4)))
    with pytest.raises(
        ConcluError, match="a linear SVM whose C is chosen by 3-fold cross-validation needs two classes"
    ):
        robustness_probe(loaded, few)
