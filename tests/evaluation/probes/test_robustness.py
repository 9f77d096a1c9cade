from pathlib import Path

import numpy as np
import pytest
import torch

from conclu_pyg.evaluation.corruptions import CORRUPTIONS, corrupted_split
from conclu_pyg.evaluation.probe import ProbeSplits, probe_splits
from conclu_pyg.evaluation.probes.linear import LinearSVM
from conclu_pyg.evaluation.probes.robustness import RobustnessProbe
from conclu_pyg.runs.embedding import embed_split
from conclu_pyg.runs.loaded_run import LoadedRun, load_run


@pytest.fixture(scope="module")
def loaded(tiny_run: Path) -> LoadedRun:
    return load_run(tiny_run, ["dataset.num_shapes=80", "dataset.num_points=32"])


@pytest.fixture(scope="module")
def splits(loaded: LoadedRun) -> ProbeSplits:
    return probe_splits(loaded)


def test_the_result_has_the_clean_accuracy_and_that_of_every_severity(loaded: LoadedRun, splits: ProbeSplits) -> None:
    (result,) = RobustnessProbe().measure(loaded, splits)
    svm, clean = LinearSVM(loaded.embed(splits.train), loaded.seed), loaded.embed(splits.test)
    assert result.metric == "mean accuracy under corruptions" and result.protocol["classifier"].name == "linear SVM"
    accuracy = 100 * np.mean(svm.predict(clean.x) == clean.y)
    assert result.details["clean"] == round(accuracy, 2) and result.details["C"] == svm.C
    values = [value for corruption in result.details["corruptions"] for value in corruption["values"]]
    assert len(values) == 24 and result.value == pytest.approx(np.mean(values), abs=0.01) and len(set(values)) > 5
    occluded = corrupted_split(loaded, splits.test, CORRUPTIONS[4], 0.7)
    features = embed_split(loaded.method.encoder, occluded, torch.device("cpu"))
    expected = 100 * np.mean(svm.predict(features.x) == features.y)
    assert result.details["corruptions"][4]["values"][-1] == round(expected, 2)
