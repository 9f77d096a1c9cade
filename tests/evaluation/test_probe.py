from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from conclu_pyg.errors import ConfigError, DataError
from conclu_pyg.evaluation.probe import On, make_record, probe_splits, setting, weights_in_words
from conclu_pyg.runs.loaded_run import LoadedRun, load_run


@pytest.fixture(scope="module")
def loaded(tiny_run: Path) -> LoadedRun:
    return load_run(tiny_run, ["dataset.num_shapes=120"])


def trained_by(run: LoadedRun, **pipeline: Any) -> LoadedRun:
    config = {**run.checkpoint.config, "pipeline": {**run.checkpoint.config["pipeline"], **pipeline}}
    return replace(run, checkpoint=replace(run.checkpoint, config=config))


def trained_on(run: LoadedRun, **dataset: Any) -> LoadedRun:
    config = {**run.checkpoint.config, "dataset": {**run.checkpoint.config["dataset"], **dataset}}
    return replace(run, checkpoint=replace(run.checkpoint, config=config))


def test_the_test_split_is_held_out_whole(loaded: LoadedRun) -> None:
    splits = probe_splits(loaded, "test")
    assert (len(splits.train), splits.held_out_in_words) == (120, "40 clouds (test split)")


def test_a_validation_part_has_every_class_in_proportion_and_no_training_cloud(loaded: LoadedRun) -> None:
    splits = probe_splits(loaded, "validation")
    assert splits.held_out_in_words == "24 clouds (20% of the training split, held out)"
    train, held_out = splits.train, splits.held_out
    assert sorted([*train.names, *held_out.names]) == sorted(loaded.split("train").names)
    assert set(np.bincount(held_out.y)) <= {1, 2} and np.bincount(train.y).min() >= 4
    assert probe_splits(loaded, "validation").held_out.names == held_out.names


def test_a_training_split_too_small_for_a_validation_part_is_refused(tiny_run: Path) -> None:
    with pytest.raises(DataError, match=r"cannot hold out validation clouds from the \d+ training clouds"):
        probe_splits(load_run(tiny_run, ["dataset.num_shapes=20"]), "validation")


@pytest.mark.parametrize("on", ["test", "validation"])
def test_a_few_labels_are_as_many_of_each_class_and_the_same_each_time(loaded: LoadedRun, on: On) -> None:
    whole, few = probe_splits(loaded, on), probe_splits(loaded, on, 3)
    assert (
        few.train_in_words
        == f"{3 * len(whole.train.classes)} training clouds (3 of each class, drawn by the run's seed)"
    )
    assert set(np.bincount(few.train.y)) == {3} and set(few.train.names) < set(whole.train.names)
    assert few.held_out.names == whole.held_out.names
    draws, part = "3 of each class, drawn by the run's seed", "; validation" if on == "validation" else ""
    assert few.in_brief == f" ({draws}{part})"
    assert whole.in_brief == (" (validation)" if on == "validation" else "")
    assert probe_splits(loaded, on, 3).train.names == few.train.names


def test_more_labels_than_a_class_has_are_refused_with_its_name(loaded: LoadedRun) -> None:
    with pytest.raises(DataError, match=r"cannot draw 7 labels of each class: \w+ has 6 training clouds"):
        probe_splits(loaded, "test", 7)
    with pytest.raises(ConfigError, match="--label-per-class must be at least 1, found 0"):
        probe_splits(loaded, "test", 0)


def test_the_setting_names_the_experiment_and_not_its_seed_or_folder(loaded: LoadedRun) -> None:
    assert setting(trained_by(loaded, seed=7, run_dir="elsewhere")) == setting(loaded)
    assert setting(trained_by(loaded, epochs=99)) != setting(loaded)
    assert setting(trained_on(loaded, dataset_path="elsewhere")) == setting(loaded)
    assert setting(trained_on(loaded, num_shapes=64)) != setting(loaded)
    random, model = replace(loaded, trained=False), loaded.config["model"]
    wider = {**loaded.config, "model": {**model, "encoder": {**model["encoder"], "last_relu": False}}}
    assert setting(trained_by(random, epochs=99)) == setting(random) != setting(replace(random, config=wider))


def test_the_protocol_says_which_weights_were_measured(loaded: LoadedRun) -> None:
    assert weights_in_words(replace(loaded, trained=False)) == "random weights"
    assert weights_in_words(loaded) == "weights after epoch 2 of 2"
    by_default = {**loaded.checkpoint.config, "pipeline": {"name": "Pretraining"}}
    unsaid = replace(loaded, checkpoint=replace(loaded.checkpoint, config=by_default))
    assert weights_in_words(unsaid) == "weights after epoch 2"
    interrupted = replace(loaded, checkpoint=replace(loaded.checkpoint, batch=3))
    assert weights_in_words(interrupted) == "weights after epoch 2 of 2, interrupted 3 batches later"


def test_a_record_has_what_the_probe_and_what_the_run_says(loaded: LoadedRun) -> None:
    of_probe: dict[str, Any] = {"task": "knn", "metric": "accuracy", "value": 12.3456, "seconds": 1.26}
    record = make_record(loaded, **of_probe, protocol="k = 20", details={"k": 20})
    assert (record.task, record.value, record.seconds) == ("knn", 12.35, 1.3)
    assert record.protocol == "weights after epoch 2 of 2: k = 20"
    assert (record.encoder, record.method, record.epochs) == ("PointNet", "ConClu", 2)
    assert record.details.keys() == {"setting", "terms", "k"} and record.details["setting"] == setting(loaded)
    random = make_record(replace(loaded, trained=False), **of_probe, protocol="k = 20", details={})
    assert (random.epochs, random.training, random.initialisation) == (0, {}, "random")
