"""The labelled clouds to learn from, and those to choose the epoch by."""

from typing import Any

import numpy as np
import pytest

from conclu_pyg.data.base import PointCloudSplit
from conclu_pyg.errors import ConfigError
from conclu_pyg.pipelines.label_subset import LabelSubset
from conclu_pyg.runs.provenance import CloudSet

pytestmark = pytest.mark.usefixtures("terminal")


def make_split(name: str, clouds: int = 20, seed: int = 0) -> PointCloudSplit:
    pos = np.random.default_rng(seed).normal(size=(clouds, 4, 3)).astype(np.float32)
    return PointCloudSplit(pos, np.arange(clouds) % 2, [f"{name} {i}" for i in range(clouds)], ["a", "b"])


TRAIN, VAL = make_split("t"), make_split("v", clouds=6, seed=1)


def read(name: str) -> PointCloudSplit:
    return {"train": TRAIN, "val": VAL, "trainval": TRAIN}[name]


@pytest.mark.parametrize(
    ("options", "trained_on", "chosen_on"),
    [
        ({}, CloudSet("train", 20, 20), None),
        ({"label_fraction": 0.2}, CloudSet("train", 4, 20, fraction=0.2), None),
        ({"label_per_class": 3}, CloudSet("train", 6, 20, per_class=3), None),
        ({"validation": 0.2}, CloudSet("train", 16, 20), CloudSet("train", 4, 20, held_out=0.2)),
        (
            {"label_per_class": 2, "validation": 0.5},
            CloudSet("train", 2, 20, per_class=2),
            CloudSet("train", 2, 20, per_class=2, held_out=0.5),
        ),
        ({"validation": "val"}, CloudSet("train", 20, 20), CloudSet("val", 6, 6)),
        ({"train_on": "trainval"}, CloudSet("trainval", 20, 20), None),
    ],
)
def test_the_chosen_clouds_are_described(
    options: dict[str, Any], trained_on: CloudSet, chosen_on: CloudSet | None
) -> None:
    chosen = LabelSubset(**options).clouds(read, seed=0)
    others = [] if chosen.held_out is None else chosen.held_out.names
    assert (len(chosen.train), len(others)) == (trained_on.num_clouds, 0 if chosen_on is None else chosen_on.num_clouds)
    assert not {*chosen.train.names} & {*others}
    assert (chosen.trained_on, chosen.chosen_on) == (trained_on, chosen_on)


def test_the_seed_rules_the_draw() -> None:
    names = [LabelSubset(label_fraction=0.3, validation=0.5).clouds(read, seed).train.names for seed in (0, 0, 1)]
    assert names[0] == names[1] != names[2]


def test_clouds_that_are_trained_on_are_left_out_of_those_to_choose_by(capsys: pytest.CaptureFixture[str]) -> None:
    names = [*TRAIN.names[:3], TRAIN.names[3], *VAL.names[1:]]  # the fourth shares no more than a name
    mixed = PointCloudSplit(
        np.concatenate([TRAIN.pos[:3], VAL.pos]), np.concatenate([TRAIN.y[:3], VAL.y]), names, ["a", "b"]
    )
    chosen = LabelSubset(label_per_class=1, validation="val").clouds({"train": TRAIN, "val": mixed}.__getitem__, seed=0)
    assert chosen.held_out is not None and chosen.held_out.names == names[3:]
    assert chosen.chosen_on == CloudSet("val", 6, 9)
    warning = "warning: 3 clouds of the split val, such as t 0, are also in the split train, and are left out of the"
    assert warning in capsys.readouterr().out


@pytest.mark.parametrize(("rows", "what"), [(range(20), "all"), (range(3), "only")])
def test_a_validation_split_of_the_training_clouds_is_refused(rows: range, what: str) -> None:
    splits = {"train": TRAIN, "val": TRAIN.subset(np.array(rows))}
    with pytest.raises(
        ConfigError, match=rf"validation=val .* it contains {what} clouds of the split train; give another split"
    ):
        LabelSubset(validation="val").clouds(splits.__getitem__, seed=0)


def test_a_single_cloud_is_refused() -> None:
    one = PointCloudSplit(TRAIN.pos[:1], TRAIN.y[:1], ["x"], ["a", "b"])
    with pytest.raises(ConfigError, match="at least two training clouds, got 1"):
        LabelSubset().clouds({"train": one}.__getitem__, seed=0)


@pytest.mark.parametrize(
    "options",
    [
        {"label_per_class": 1, "label_fraction": 0.5},
        {"train_on": "test"},
        {"validation": "test"},
        {"validation": "train"},
        {"validation": "val", "train_on": "trainval"},
    ],
)
def test_choices_that_cannot_be_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(ConfigError):
        LabelSubset(**options)
