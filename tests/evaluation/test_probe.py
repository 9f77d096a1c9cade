from pathlib import Path

import numpy as np
import pytest
from helpers import raises

from conclu_pyg.errors import ConfigError, DataError
from conclu_pyg.evaluation.probe import On, probe_splits
from conclu_pyg.runs.loaded_run import LoadedRun, load_run
from conclu_pyg.runs.provenance import CloudSet


@pytest.fixture(scope="module")
def loaded(tiny_run: Path) -> LoadedRun:
    return load_run(tiny_run, ["dataset.num_shapes=120"])


def test_the_whole_test_split_is_held_out(loaded: LoadedRun) -> None:
    splits = probe_splits(loaded, "test")
    assert (splits.train_clouds, splits.test_clouds) == (CloudSet("train", 120, 120), CloudSet("test", 40, 40))
    assert (len(splits.train), len(splits.test), splits.one_pool) == (120, 40, False)


def test_a_validation_part_has_every_class_in_proportion_and_no_training_cloud(loaded: LoadedRun) -> None:
    splits = probe_splits(loaded, "validation")
    assert splits.test_clouds == CloudSet("train", 24, 120, held_out=0.2) and splits.one_pool
    train, held_out = splits.train, splits.test
    assert sorted([*train.names, *held_out.names]) == sorted(loaded.split("train").names)
    assert set(np.bincount(held_out.y)) <= {1, 2} and np.bincount(train.y).min() >= 4
    assert probe_splits(loaded, "validation").test.names == held_out.names


def test_a_training_split_too_small_for_a_validation_part_is_refused(tiny_run: Path) -> None:
    with raises(DataError, argument="validation"):
        probe_splits(load_run(tiny_run, ["dataset.num_shapes=20"]), "validation")


@pytest.mark.parametrize("on", ["test", "validation"])
def test_a_few_labels_are_as_many_of_each_class_and_the_same_each_time(loaded: LoadedRun, on: On) -> None:
    whole, few = probe_splits(loaded, on), probe_splits(loaded, on, 3)
    assert few.train_clouds == CloudSet("train", 3 * len(whole.train.classes), 120, per_class=3)
    assert set(np.bincount(few.train.y)) == {3} and set(few.train.names) < set(whole.train.names)
    assert few.test.names == whole.test.names
    assert probe_splits(loaded, on, 3).train.names == few.train.names


def test_more_labels_than_a_class_has_are_refused_with_its_name(loaded: LoadedRun) -> None:
    with raises(DataError, argument="per_class", got=7):
        probe_splits(loaded, "test", 7)
    with raises(ConfigError, argument="label_per_class", got=0):
        probe_splits(loaded, "test", 0)
