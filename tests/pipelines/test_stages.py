"""Training in stages."""

from pathlib import Path
from typing import Any

import pytest
import torch
from helpers import assert_error

from conclu_pyg.config import check, load_config
from conclu_pyg.errors import CheckpointError, ConfigError
from conclu_pyg.pipelines.stages import train
from conclu_pyg.runs.checkpoint import Checkpoint
from conclu_pyg.runs.folder import LAST, find_checkpoint


@pytest.fixture
def staged(tiny_config: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    tiny_config["pipeline"] |= {"run_dir": str(tmp_path / "run"), "epochs": 1}
    classifier = {"name": "Classifier", "encoder": {**tiny_config["model"]["encoder"], "checkpoint": "contrast"}}
    finetuning = {"name": "Finetuning", "epochs": 1, "batch_size": 16, "device": "cpu"}
    return {**tiny_config, "stages": {"contrast": {}, "labels": {"model": classifier, "pipeline": finetuning}}}


def test_each_stage_is_a_complete_run_and_the_next_begins_with_its_weights(
    staged: dict[str, Any], tmp_path: Path
) -> None:
    folder = train(staged, "a.yaml")
    assert folder == tmp_path / "run"
    for name in ("contrast", "labels"):
        assert (folder / name / "metrics.csv").is_file() and (folder / name / "config.yaml").is_file()
    last = Checkpoint.load(folder / "labels")
    assert last.pretraining is not None and last.labels
    assert (last.pretraining.source, last.pretraining.method) == (str(folder / "contrast" / LAST), "ConClu")
    assert load_config(folder / "config.yaml") == staged


def test_the_run_of_a_training_in_stages_is_its_last_stage(staged: dict[str, Any]) -> None:
    folder = train(staged, "a.yaml")
    assert find_checkpoint(folder) == folder / "labels" / LAST


def test_the_config_of_a_run_in_stages_repeats_no_section_of_its_first_stage(
    staged: dict[str, Any], tmp_path: Path
) -> None:
    staged["stages"]["contrast"] = {"pipeline": {"optimizer": {"name": "AdamW", "lr": 0.5}}}
    folder = train(staged, "a.yaml")
    assert load_config(folder / "config.yaml") == staged


def test_a_stage_without_a_checkpoint_does_not_hide_the_one_before(staged: dict[str, Any]) -> None:
    folder = train(staged, "a.yaml")
    (folder / "labels" / LAST).unlink()
    assert find_checkpoint(folder) == folder / "contrast" / LAST


def test_the_errors_of_all_stages_are_listed_at_once(staged: dict[str, Any]) -> None:
    staged["stages"] = {"a": {"dataset": {"num_points": 0}}, "b": {"pipeline": {"epochs": 0}}}
    with pytest.raises(ConfigError) as error:
        check(staged, "a.yaml")
    assert_error(error, argument="num_points", got=0, path="stage a, dataset")
    assert_error(error, argument="epochs", got=0, path="stage b, pipeline")


def test_a_config_without_stages_is_one_run(tiny_config: dict[str, Any], tmp_path: Path) -> None:
    tiny_config["pipeline"] |= {"run_dir": str(tmp_path / "one"), "epochs": 1}
    folder = train(tiny_config, "a.yaml")
    assert find_checkpoint(folder) == folder / LAST
    assert torch.isfinite(torch.tensor(Checkpoint.load(folder).seconds))


def test_a_stage_that_cannot_be_built_names_itself_and_keeps_those_before(
    staged: dict[str, Any], tmp_path: Path
) -> None:
    staged["stages"]["labels"]["pipeline"]["label_fraction"] = -1.0
    with pytest.raises(ConfigError, match=r"a\.yaml, stage labels"):
        train(staged, "a.yaml")
    assert find_checkpoint(tmp_path / "run") == tmp_path / "run" / "contrast" / LAST


def test_a_damaged_list_of_stages_leads_nowhere_else(tmp_path: Path) -> None:
    (tmp_path / "stages.txt").write_text("../elsewhere\n")
    with pytest.raises(CheckpointError, match=r"stages\.txt is damaged"):
        find_checkpoint(tmp_path)
    (tmp_path / "stages.txt").write_text("first\n")
    with pytest.raises(CheckpointError, match=r"no stage of .* has a checkpoint"):
        find_checkpoint(tmp_path)
