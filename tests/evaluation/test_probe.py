from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from conclu_pyg.errors import DataError
from conclu_pyg.evaluation.loaded_run import LoadedRun, load_run
from conclu_pyg.evaluation.probe import make_record, probe_splits, setting, weights_in_words


@pytest.fixture(scope="module")
def loaded(tiny_run: Path) -> LoadedRun:
    return load_run(tiny_run, ["dataset.num_shapes=120"])


def trained_by(run: LoadedRun, **pipeline: Any) -> LoadedRun:
    config = {**run.checkpoint.config, "pipeline": {**run.checkpoint.config["pipeline"], **pipeline}}
    return replace(run, checkpoint=replace(run.checkpoint, config=config))


def test_the_test_split_is_held_out_whole(loaded: LoadedRun) -> None:
    splits = probe_splits(loaded, "test")
    assert (len(splits.train), splits.held_out_in_words) == (120, "40 clouds (test split)")


def test_a_validation_part_has_every_class_in_proportion_and_no_training_cloud(loaded: LoadedRun) -> None:
    train, held_out, _ = splits = probe_splits(loaded, "validation")
    assert splits.held_out_in_words == "24 clouds (20% of the training split, held out)"
    assert sorted([*train.names, *held_out.names]) == sorted(loaded.split("train").names)
    assert set(np.bincount(held_out.y)) <= {1, 2} and np.bincount(train.y).min() >= 4
    assert probe_splits(loaded, "validation").held_out.names == held_out.names


def test_a_training_split_too_small_for_a_validation_part_is_refused(tiny_run: Path) -> None:
    with pytest.raises(DataError, match="validation part cannot be taken from the training split of ParametricShapes"):
        probe_splits(load_run(tiny_run, ["dataset.num_shapes=20"]), "validation")


def test_the_setting_names_the_experiment_and_not_its_seed_or_folder(loaded: LoadedRun) -> None:
    assert setting(trained_by(loaded, seed=7, run_dir="elsewhere")) == setting(loaded)
    assert setting(trained_by(loaded, epochs=99)) != setting(loaded)
    random, model = replace(loaded, trained=False), loaded.config["model"]
    wider = {**loaded.config, "model": {**model, "encoder": {**model["encoder"], "last_relu": False}}}
    assert setting(trained_by(random, epochs=99)) == setting(random) != setting(replace(random, config=wider))


def test_the_protocol_says_which_weights_were_measured(loaded: LoadedRun) -> None:
    assert weights_in_words(replace(loaded, trained=False)) == "random weights"
    assert weights_in_words(loaded) == "weights after epoch 2 of 2"
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
