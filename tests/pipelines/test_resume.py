"""Resumed runs: the end of an unbroken one, and what is refused."""

import copy
import math
import os
import shutil
import signal
from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest
import torch
from helpers import assert_error, of_method

from conclu_pyg.config_files import dump_config, read_config
from conclu_pyg.errors import CheckpointError, ConcluWarning, ConfigError
from conclu_pyg.loggers.csv_file import read_metrics
from conclu_pyg.pipelines.base import Pipeline
from conclu_pyg.pipelines.build import build_pipeline
from conclu_pyg.pipelines.interrupt import Stopped
from conclu_pyg.pipelines.resume import AUTO, differences, find_run
from conclu_pyg.pipelines.stages import train
from conclu_pyg.registry import METHODS, TASKS
from conclu_pyg.runs.checkpoint import Checkpoint
from conclu_pyg.runs.folder import BEST, LAST, find_checkpoint

pytestmark = pytest.mark.usefixtures("terminal")

STEPS = 3  # in an epoch of the tiny config
UNTIMED = {"seconds": 0.0, "command": "", "epoch_state": {}, "history": ()}
Config = dict[str, Any]


@pytest.fixture
def config(tiny_config: Config, tmp_path: Path) -> Config:
    tiny_config["pipeline"] |= {"epochs": 3, "log_dir": str(tmp_path / "runs")}
    return tiny_config


def of_task(config: Config, name: str) -> Config:
    config["model"] = {"name": name, "encoder": config["model"]["encoder"]}
    pipeline = {"name": "Finetuning", "epochs": 3, "batch_size": 16, "device": "cpu", "validation": 0.2}
    return {**config, "pipeline": {**pipeline, "log_dir": config["pipeline"]["log_dir"]}}


def in_folder(config: Config, folder: Path, **pipeline: Any) -> Config:
    return {**config, "pipeline": {**config["pipeline"], "run_dir": str(folder), **pipeline}}


def stop_after(pipeline: Pipeline, step: int) -> None:
    """Send SIGTERM when a step of that number, counted from 1, has moved the weights."""
    after_step = pipeline.after_step

    def stopping(progress: Any) -> None:
        after_step(progress)
        if progress.step == step:
            signal.raise_signal(signal.SIGTERM)

    pipeline.after_step = stopping  # type: ignore[method-assign]


def run_broken(config: Config, step: int) -> Path:
    """Return the folder of a run that SIGTERM stopped after a step."""
    pipeline = build_pipeline(config)
    stop_after(pipeline, step)
    with pytest.raises(Stopped) as stopped:
        pipeline.run_train()
    assert stopped.value.signal is signal.SIGTERM
    return Path(config["pipeline"]["run_dir"])


def run_both(config: Config, tmp_path: Path, step: int) -> tuple[Path, Config, Path]:
    """Return the folder of an unbroken run, and the config and folder of one that SIGTERM stopped after a step."""
    unbroken = build_pipeline(in_folder(config, tmp_path / "unbroken")).run_train()
    broken = in_folder(config, tmp_path / "broken")
    return unbroken, broken, run_broken(broken, step)


def resume(config: Config, folder: Path) -> Path:
    torch.manual_seed(99)  # the states that were saved rule, not these
    resumed: Path = build_pipeline(config).run_train(resume=folder)
    return resumed


def assert_same_end(folder: Path, unbroken: Path) -> None:
    """Compare everything that two runs leave, apart from durations and folders."""
    names = [path for path in (LAST, BEST) if (unbroken / path).is_file()]
    for name in names:
        states = []
        for run in (folder, unbroken):
            content = asdict(replace(Checkpoint.load(run / name), **UNTIMED))
            content["config"]["pipeline"].pop("run_dir", None)
            states.append(content)
        assert_equal_state(*states)
    assert (folder / BEST).is_file() == (unbroken / BEST).is_file()
    timed = ("seconds", "clouds_per_second", "data_wait")
    untimed = [{key: v for key, v in read_metrics(run).items() if key not in timed} for run in (folder, unbroken)]
    assert untimed[0] == untimed[1] and untimed[0]


def assert_equal_state(a: Any, b: Any, path: str = "") -> None:
    if isinstance(b, Mapping):
        assert a.keys() == b.keys(), path
        for key in b:
            assert_equal_state(a[key], b[key], f"{path}.{key}")
    elif isinstance(b, list | tuple):
        assert len(a) == len(b), path
        for i, pair in enumerate(zip(a, b, strict=True)):
            assert_equal_state(*pair, f"{path}[{i}]")
    else:
        assert torch.equal(a, b) if isinstance(b, torch.Tensor) else a == b, path


@pytest.mark.parametrize("step", [1, STEPS, STEPS + 2])
@pytest.mark.parametrize("name", list(METHODS))
def test_a_resumed_pre_training_equals_an_unbroken_one(name: str, step: int, config: Config, tmp_path: Path) -> None:
    config = of_method(config, name)
    unbroken, broken, folder = run_both(config, tmp_path, step)
    checkpoint = Checkpoint.load(folder)
    assert checkpoint.step == step and checkpoint.epoch * STEPS + checkpoint.batch == step
    assert resume(broken, folder) == folder
    assert_same_end(folder, unbroken)


@pytest.mark.parametrize("options", [{"patience": 1}, {"schedule": {"name": "cosine", "interval": "step"}}])
@pytest.mark.parametrize("name", list(TASKS))
def test_a_resumed_fine_tuning_equals_an_unbroken_one(
    name: str, options: Config, config: Config, tmp_path: Path
) -> None:
    config = of_task(config, name)
    unbroken = build_pipeline(in_folder(config, tmp_path / "unbroken", **options)).run_train()
    broken = in_folder(config, tmp_path / "broken", **options)
    folder = run_broken(broken, STEPS + 1)
    resume(broken, folder)
    assert_same_end(folder, unbroken)


@pytest.mark.parametrize("step", [STEPS - 1, STEPS, STEPS + 1, 2 * STEPS + 1])
def test_an_epoch_of_several_passes_is_resumed_within_any_of_them(step: int, config: Config, tmp_path: Path) -> None:
    config["pipeline"] |= {"epochs": 2, "min_steps_per_epoch": 2 * STEPS}
    unbroken, broken, folder = run_both(config, tmp_path, step)
    assert Checkpoint.load(unbroken).step == 4 * STEPS and len(read_metrics(unbroken)["epoch"]) == 2
    resume(broken, folder)
    assert_same_end(folder, unbroken)


def test_a_run_that_is_broken_again_and_again_equals_an_unbroken_one(config: Config, tmp_path: Path) -> None:
    unbroken, broken, folder = run_both(config, tmp_path, 1)
    for step in range(2, 3 * STEPS):
        pipeline = build_pipeline(broken)
        stop_after(pipeline, step)
        with pytest.raises(Stopped):
            pipeline.run_train(resume=folder)
    resume(broken, folder)
    assert_same_end(folder, unbroken)


@pytest.mark.parametrize("schedule", [{"name": "step", "decay_epochs": 1}, {"name": "cosine", "warmup_fraction": 0.25}])
def test_more_epochs_continue_with_the_schedule_of_the_longer_run(
    schedule: Config, config: Config, tmp_path: Path
) -> None:
    short = in_folder(config, tmp_path / "run", schedule=schedule, epochs=2)
    build_pipeline(short).run_train()
    longer = in_folder(config, tmp_path / "run", schedule=schedule, epochs=4)
    resume(longer, tmp_path / "run")
    whole = build_pipeline(in_folder(config, tmp_path / "whole", schedule=schedule, epochs=4)).run_train()
    assert read_metrics(tmp_path / "run")["lr"][2:] == read_metrics(whole)["lr"][2:]
    assert Checkpoint.load(tmp_path / "run").config["pipeline"]["epochs"] == 4
    if schedule["name"] == "step":  # whose rates do not depend on the number of epochs
        assert_same_end(tmp_path / "run", whole)


def test_a_run_with_more_epochs_is_resumed_by_its_own_config(config: Config, tmp_path: Path) -> None:
    folder = build_pipeline(in_folder(config, tmp_path / "run", epochs=1)).run_train()
    longer = build_pipeline(in_folder(config, folder, epochs=4))
    stop_after(longer, 2 * STEPS + 1)
    with pytest.raises(Stopped):
        longer.run_train(resume=folder)
    own = read_config(folder / "config.yaml")
    assert own["pipeline"]["epochs"] == 4
    assert Checkpoint.load(resume(own, folder)).epoch == 4


def test_a_finished_run_is_left_as_it_is(config: Config, tmp_path: Path) -> None:
    config = in_folder(config, tmp_path / "run")
    folder = build_pipeline(config).run_train()
    before = (folder / LAST).read_bytes()
    assert resume(config, folder) == folder
    assert (folder / LAST).read_bytes() == before and len(read_metrics(folder)["epoch"]) == 3


def test_metrics_are_cut_back_to_the_checkpoint_and_a_missing_row_is_restored(config: Config, tmp_path: Path) -> None:
    unbroken, broken, folder = run_both(config, tmp_path, 2 * STEPS + 1)
    rows = (folder / "metrics.csv").read_text().splitlines()
    (folder / "metrics.csv").write_text("\n".join([*rows[:-1], "7,7,7"]) + "\n")
    resume(broken, folder)
    assert_same_end(folder, unbroken)


def test_a_run_that_was_killed_before_its_first_checkpoint_begins_again(config: Config, tmp_path: Path) -> None:
    unbroken, broken, folder = run_both(config, tmp_path, 1)
    (folder / LAST).unlink()
    assert resume(broken, folder) == folder
    assert_same_end(folder, unbroken)


def test_a_checkpoint_is_saved_within_an_epoch_when_the_last_one_is_old(config: Config, tmp_path: Path) -> None:
    pipeline = build_pipeline(in_folder(config, tmp_path / "run", save_minutes=1e-9))
    steps = []
    after_step = pipeline.after_step

    def failing(progress: Any) -> None:
        after_step(progress)
        steps.append(progress.step)
        if progress.step == STEPS + 2:
            raise ZeroDivisionError

    pipeline.after_step = failing
    with pytest.raises(ZeroDivisionError):
        pipeline.run_train()
    assert Checkpoint.load(tmp_path / "run").step == STEPS + 1


def test_the_newest_checkpoints_and_those_of_some_epochs_are_kept(config: Config, tmp_path: Path) -> None:
    folder = build_pipeline(in_folder(config, tmp_path / "run", keep_last=2, keep_every=2)).run_train()
    epochs = {path.name: Checkpoint.load(path).epoch for path in (folder / LAST).parent.iterdir()}
    assert epochs == {
        "last.safetensors": 3,
        "last-1.safetensors": 2,
        "epoch_0002.safetensors": 2,
        "encoder.safetensors": 3,
    }


def test_a_damaged_checkpoint_is_skipped_with_a_warning(config: Config, tmp_path: Path) -> None:
    unbroken, broken, folder = run_both(config, tmp_path, 2 * STEPS + 1)
    (folder / LAST).write_bytes((folder / LAST).read_bytes()[:-100])
    with pytest.warns(ConcluWarning, match=r"last\.safetensors .* resumed from .*last-1\.safetensors"):
        resume(broken, folder)
    assert_same_end(folder, unbroken)


def test_a_run_whose_checkpoints_are_all_damaged_is_refused(config: Config, tmp_path: Path) -> None:
    broken = in_folder(config, tmp_path / "broken")
    folder = run_broken(broken, 1)
    (folder / LAST).write_bytes(b"nothing")
    with pytest.raises(CheckpointError, match="no checkpoint of"):
        resume(broken, folder)


def forge_momentum(state: Config) -> None:
    first = state["optimizer"]["state"][0]
    first["exp_avg"] = first["exp_avg"][:-1]


def forge_groups(state: Config) -> None:
    state["optimizer"]["param_groups"] = []


def forge_generator(state: Config) -> None:
    state["random"]["cpu"] = torch.zeros(3, dtype=torch.uint8)


def forge_order(state: Config) -> None:
    del state["random"]["order"]


def forge_mean(state: Config) -> None:
    state["epoch_state"]["mean"]["sums"]["loss"] = torch.zeros(4)


@pytest.mark.parametrize("forge", [forge_momentum, forge_groups, forge_generator, forge_order, forge_mean])
def test_a_training_state_that_does_not_fit_is_refused(
    forge: Callable[[Config], None], config: Config, tmp_path: Path
) -> None:
    broken = in_folder(config, tmp_path / "broken")
    folder = run_broken(broken, 1)
    checkpoint = Checkpoint.load(folder)
    state = {name: copy.deepcopy(getattr(checkpoint, name)) for name in ("optimizer", "random", "epoch_state")}
    forge(state)
    replace(checkpoint, **state).save(folder / LAST)
    with pytest.raises(CheckpointError, match="does not fit"):
        resume(broken, folder)


def test_another_number_of_threads_is_a_warning(config: Config, tmp_path: Path) -> None:
    broken = in_folder(config, tmp_path / "broken")
    folder = run_broken(broken, 1)
    replace(Checkpoint.load(folder), threads=77).save(folder / LAST)
    with pytest.warns(ConcluWarning, match="OMP_NUM_THREADS=77"):
        resume(broken, folder)


def test_another_config_is_refused_with_all_differences(config: Config, tmp_path: Path) -> None:
    broken = in_folder(config, tmp_path / "broken")
    folder = run_broken(broken, 1)
    other = copy.deepcopy(broken)
    other["pipeline"] |= {"batch_size": 8, "seed": 1, "keep_last": 5, "epochs": 4}
    other["model"]["clusterer"]["num_prototypes"] = 9
    with pytest.raises(ConfigError) as error:
        resume(other, folder)
    assert_error(error, path="model.clusterer.num_prototypes", got=9, expected="8")
    assert all(name in str(error.value) for name in ("pipeline.batch_size=8", "pipeline.seed=1"))
    assert "keep_last" not in str(error.value) and "epochs" not in str(error.value)


def test_fewer_epochs_than_are_finished_are_refused(config: Config, tmp_path: Path) -> None:
    folder = build_pipeline(in_folder(config, tmp_path / "run")).run_train()
    with pytest.raises(ConfigError) as error:
        resume(in_folder(config, folder, epochs=2), folder)
    assert_error(error, path="pipeline.epochs", got=2, expected=">= 3")


def test_differences_name_each_place() -> None:
    before = {"model": {"a": 1, "views": [{"b": 2}, {"c": 3}]}, "pipeline": {"lr": 0.1, "run_dir": "x"}}
    after = {"model": {"a": 1, "views": [{"b": 2}, {"c": 4}]}, "pipeline": {"seed": None, "run_dir": "y"}}
    assert list(differences(before, after)) == [("model.views[1].c", 3, 4), ("pipeline.lr", 0.1, None)]


@pytest.fixture
def staged(config: Config, tmp_path: Path) -> Config:
    config["pipeline"] |= {"run_dir": str(tmp_path / "staged"), "epochs": 2}
    classifier = {"name": "Classifier", "encoder": {**config["model"]["encoder"], "checkpoint": "contrast"}}
    finetuning = {"name": "Finetuning", "epochs": 2, "batch_size": 16, "device": "cpu"}
    return {**config, "stages": {"contrast": {}, "labels": {"model": classifier, "pipeline": finetuning}}}


@pytest.mark.parametrize("stage", ["contrast", "labels"])
def test_a_run_is_resumed_within_a_stage(
    stage: str, staged: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = copy.deepcopy(staged)
    other["pipeline"]["run_dir"] = str(tmp_path / "unbroken")
    unbroken = train(other, "a.yaml")
    build = build_pipeline

    def stopping(config: Config, source: str) -> Any:
        pipeline = build(config, source)
        if source.endswith(f"stage {stage}"):
            stop_after(pipeline, STEPS + 1)
        return pipeline

    monkeypatch.setattr("conclu_pyg.pipelines.stages.build_pipeline", stopping)
    with pytest.raises(Stopped):
        train(staged, "a.yaml")
    monkeypatch.undo()
    folder = train(staged, "a.yaml", resume=AUTO)
    assert folder == tmp_path / "staged"
    for name in ("contrast", "labels"):
        assert read_metrics(folder / name)["loss"] == read_metrics(unbroken / name)["loss"]
        a, b = Checkpoint.load(folder / name), Checkpoint.load(unbroken / name)
        assert_equal_state(a.weights, b.weights)


def test_the_list_of_stages_is_written_again_if_the_run_was_killed_before_it(staged: Config) -> None:
    folder = train(staged, "a.yaml")
    (folder / "stages.txt").unlink()
    assert train(staged, "a.yaml", resume=AUTO) == folder
    assert find_checkpoint(folder) == folder / "labels" / LAST


def test_auto_is_the_newest_run_of_the_same_config(config: Config, tmp_path: Path) -> None:
    assert find_run(config) is None
    names = {"old": config, "new": config, "other": {**config, "model": {"name": "BYOL"}}, "broken": None}
    for seconds, (name, content) in enumerate(names.items()):
        path = tmp_path / "runs" / name / "config.yaml"
        path.parent.mkdir(parents=True)
        path.write_text("[" if content is None else dump_config(content))
        os.utime(path, (seconds, seconds))
    assert find_run(config) == tmp_path / "runs" / "new"


def test_auto_begins_a_run_and_then_resumes_it(config: Config, tmp_path: Path) -> None:
    first = train(config, "a.yaml", resume=AUTO)
    assert train(config, "a.yaml", resume=AUTO) == first
    config["pipeline"]["seed"] = 1
    assert train(config, "a.yaml", resume=AUTO) != first


def test_a_run_folder_can_be_moved(config: Config, tmp_path: Path) -> None:
    unbroken = build_pipeline(in_folder(config, tmp_path / "unbroken")).run_train()
    broken = in_folder(config, tmp_path / "broken")
    moved = shutil.move(run_broken(broken, 2), tmp_path / "moved")
    resume(broken, moved)
    assert_same_end(moved, unbroken)


def test_the_best_epoch_so_far_is_remembered(config: Config, tmp_path: Path) -> None:
    config = in_folder(of_task(config, "Classifier"), tmp_path / "run")
    folder = run_broken(config, 2 * STEPS)
    best = Checkpoint.load(folder).pipeline["best"]
    assert math.isfinite(best)
    pipeline = build_pipeline(config)
    pipeline.run_train(resume=folder)
    assert pipeline.state()["best"] == max(read_metrics(folder)["validation/accuracy"])
