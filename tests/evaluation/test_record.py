from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from conclu_pyg.evaluation.probe import Result, probe_splits
from conclu_pyg.evaluation.record import measured_weights, probe_record, run_fingerprint
from conclu_pyg.runs.folder import BEST
from conclu_pyg.runs.loaded_run import LoadedRun, load_run
from conclu_pyg.runs.protocol import Weights
from conclu_pyg.runs.provenance import CloudSet


@pytest.fixture(scope="module")
def loaded(tiny_run: Path) -> LoadedRun:
    return load_run(tiny_run, ["dataset.num_shapes=120"])


def trained_by(run: LoadedRun, **pipeline: Any) -> LoadedRun:
    config = {**run.checkpoint.config, "pipeline": {**run.checkpoint.config["pipeline"], **pipeline}}
    return replace(run, checkpoint=replace(run.checkpoint, config=config))


def trained_on(run: LoadedRun, **dataset: Any) -> LoadedRun:
    config = {**run.checkpoint.config, "dataset": {**run.checkpoint.config["dataset"], **dataset}}
    return replace(run, checkpoint=replace(run.checkpoint, config=config))


def test_the_fingerprint_names_the_experiment_and_not_its_seed_or_folder(loaded: LoadedRun) -> None:
    assert run_fingerprint(trained_by(loaded, seed=7, run_dir="elsewhere")) == run_fingerprint(loaded)
    assert run_fingerprint(trained_by(loaded, epochs=99)) != run_fingerprint(loaded)
    assert run_fingerprint(trained_on(loaded, dataset_path="elsewhere")) == run_fingerprint(loaded)
    assert run_fingerprint(trained_on(loaded, num_shapes=64)) != run_fingerprint(loaded)
    random, model = replace(loaded, trained=False), loaded.config["model"]
    wider = {**loaded.config, "model": {**model, "encoder": {**model["encoder"], "last_relu": False}}}
    assert (
        run_fingerprint(trained_by(random, epochs=99))
        == run_fingerprint(random)
        != run_fingerprint(replace(random, config=wider))
    )


def test_the_weights_that_were_measured(loaded: LoadedRun) -> None:
    assert measured_weights(replace(loaded, trained=False)) == Weights("random")
    assert measured_weights(loaded) == Weights("last", 2, 2)
    by_default = {**loaded.checkpoint.config, "pipeline": {"name": "Pretraining"}}
    assert measured_weights(replace(loaded, checkpoint=replace(loaded.checkpoint, config=by_default))) == Weights(
        "last", 2
    )
    interrupted = replace(loaded, checkpoint=replace(loaded.checkpoint, batch=3))
    assert measured_weights(interrupted) == Weights("last", 2, 2, extra_batches=3)
    clouds = CloudSet("train", 20, 120, held_out=0.2)
    best = replace(loaded, source=loaded.folder / BEST, checkpoint=replace(loaded.checkpoint, chosen_on=clouds))
    assert measured_weights(best) == Weights("best", selected_on=clouds)


def test_a_record_has_the_facts_of_the_probe_and_of_the_run(loaded: LoadedRun) -> None:
    splits, result = probe_splits(loaded), Result("accuracy", 12.3456, {"k": 20}, {"extra": {"a": 1}})
    record = probe_record(loaded, "knn", splits, result, 1.26)
    assert (record.task, record.value, record.seconds, record.details) == ("knn", 12.35, 1.3, {"k": 20})
    assert (record.encoder, record.method, record.epochs) == ("PointNet", "ConClu", 2)
    assert record.fingerprint == run_fingerprint(loaded)
    assert record.protocol.extra == {"a": 1} and record.protocol.train == splits.train_clouds
    random = probe_record(replace(loaded, trained=False), "knn", splits, result, 1.26)
    assert (random.epochs, random.training, random.initialisation) == (0, None, "random")
