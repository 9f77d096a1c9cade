from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from conclu_pyg.data.base import PointCloudSplit
from conclu_pyg.errors import ConcluError
from conclu_pyg.evaluation import robustness_probe as robustness_module
from conclu_pyg.evaluation.linear_svm import LinearSVM, linear_svm
from conclu_pyg.evaluation.loaded_run import LoadedRun, load_run
from conclu_pyg.evaluation.probe import ProbeSplits, probe_splits
from conclu_pyg.evaluation.robustness_probe import CHANGES, Change, embed_changed, robustness_probe


@pytest.fixture(scope="module")
def loaded(tiny_run: Path) -> LoadedRun:
    return load_run(tiny_run, ["dataset.num_shapes=80", "dataset.num_points=32"])


@pytest.fixture(scope="module")
def splits(loaded: LoadedRun) -> ProbeSplits:
    return probe_splits(loaded, "test")


@pytest.fixture(params=CHANGES, ids=lambda change: change.name)
def change(request: pytest.FixtureRequest) -> Change:
    return request.param


class Seen(nn.Module):
    """An encoder that keeps the clouds it is given."""

    out_channels = 1

    def __init__(self) -> None:
        super().__init__()
        self.clouds: list[Tensor] = []

    def forward(self, pos: Tensor, batch: Tensor, batch_size: int) -> tuple[Tensor, Tensor]:
        self.clouds += [pos[batch == cloud] for cloud in range(batch_size)]
        return pos[:, :1], torch.zeros(batch_size, 1)


def changed_clouds(run: LoadedRun, split: PointCloudSplit, change: Change, strength: float) -> list[Tensor]:
    encoder = Seen()
    method = nn.Module()
    method.encoder = encoder
    embed_changed(replace(run, method=method), split, change, strength)
    return encoder.clouds


def test_without_strength_the_clouds_are_as_they_were(loaded: LoadedRun, splits: ProbeSplits, change: Change) -> None:
    clouds = changed_clouds(loaded, splits.held_out, change, change.none)
    assert len(clouds) == len(splits.held_out)
    for number, cloud in enumerate(clouds):
        assert torch.allclose(cloud, splits.held_out[number].pos, atol=1e-6)


def test_without_strength_the_accuracy_is_the_clean_one(loaded: LoadedRun, splits: ProbeSplits, change: Change) -> None:
    machine = LinearSVM(loaded.embed(splits.train))
    features = embed_changed(loaded, splits.held_out, change, change.none)
    clean = loaded.embed(splits.held_out)
    assert np.array_equal(features.y, clean.y)
    assert np.mean(machine.predict(features.x) == features.y) == np.mean(machine.predict(clean.x) == clean.y)


def test_every_strength_changes_the_clouds_and_leaves_them_normalised(
    loaded: LoadedRun, splits: ProbeSplits, change: Change
) -> None:
    for strength in change.strengths:
        clouds = changed_clouds(loaded, splits.held_out, change, strength)
        for number, cloud in enumerate(clouds):
            clean = splits.held_out[number].pos
            assert cloud.shape != clean.shape or not torch.allclose(cloud, clean, atol=1e-3)
            assert cloud.mean(dim=0).abs().max() < 1e-5 and cloud.norm(dim=1).max() == pytest.approx(1, abs=1e-5)


def test_the_changes_follow_the_seed_of_the_run_and_nothing_else(
    loaded: LoadedRun, splits: ProbeSplits, change: Change
) -> None:
    torch.manual_seed(1)
    first = changed_clouds(loaded, splits.held_out, change, change.strengths[0])
    left_alone = torch.rand(3)
    torch.manual_seed(1)
    assert torch.equal(torch.rand(3), left_alone)
    again = changed_clouds(loaded.untrained(), splits.held_out, change, change.strengths[0])
    assert all(torch.equal(one, two) for one, two in zip(first, again, strict=True))
    seeded = {**loaded.config, "pipeline": {**loaded.config["pipeline"], "seed": 5}}
    other = changed_clouds(replace(loaded, config=seeded), splits.held_out, change, change.strengths[0])
    assert not any(torch.equal(one, two) for one, two in zip(first, other, strict=True))


def test_the_vertical_is_that_of_the_clouds_as_they_are_read(loaded: LoadedRun, splits: ProbeSplits) -> None:
    turned = replace(loaded, checkpoint=replace(loaded.checkpoint, vertical_axis=1))
    split = turned.split("test")
    for number, cloud in enumerate(changed_clouds(turned, split, CHANGES[0], 180)):
        assert torch.allclose(cloud[:, 1], split[number].pos[:, 1], atol=1e-6)


def test_one_record_has_the_clean_accuracy_and_those_of_all_changes(loaded: LoadedRun, splits: ProbeSplits) -> None:
    (record,) = robustness_probe(loaded, splits)
    assert (record.task, record.metric) == ("svm", "mean accuracy under changes")
    found = linear_svm(loaded.embed(splits.train), loaded.embed(splits.held_out), 20, loaded.seed)
    assert record.details["clean"] == round(found.accuracy, 2) and record.details["c"] == found.c
    assert [(change["name"], tuple(change["strengths"])) for change in record.details["changes"]] == [
        (change.name, change.strengths) for change in CHANGES
    ]
    accuracies = [value for change in record.details["changes"] for value in change["accuracies"]]
    assert len(accuracies) == 24 and record.value == pytest.approx(np.mean(accuracies), abs=0.01)
    assert len(set(accuracies)) > 5
    machine = LinearSVM(loaded.embed(splits.train), loaded.seed)
    features = embed_changed(loaded, splits.held_out, CHANGES[4], 0.7)
    expected = 100 * np.mean(machine.predict(features.x) == features.y)
    assert record.details["changes"][4]["accuracies"][-1] == round(expected, 2)


def test_too_few_labels_are_refused_before_the_features(
    loaded: LoadedRun, splits: ProbeSplits, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(LoadedRun, "embed", lambda *_: pytest.fail("the work was begun"))
    few = splits._replace(train=splits.train.subset(np.arange(4)))
    with pytest.raises(
        ConcluError, match="a linear SVM whose C is chosen by 3-fold cross-validation needs two classes"
    ):
        robustness_probe(loaded, few)


def test_clouds_that_were_turned_are_normalised_about_their_new_axis(
    tiny_run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = load_run(tiny_run, ["dataset.transform=[{name: RandomVerticalRotate, degrees: 5}]"])
    turned = replace(run, checkpoint=replace(run.checkpoint, vertical_axis=1))
    made: list[PointCloudSplit] = []
    monkeypatch.setattr(robustness_module, "embed", lambda _, split, *__: made.append(split))
    embed_changed(turned, turned.split("test"), CHANGES[0], 10.0)
    assert made[0].transform is not None
    first, *_, last = made[0].transform.transforms
    assert first.transforms[0].transforms[0].vertical_axis == 2 and last.transforms[0].vertical_axis == 1
