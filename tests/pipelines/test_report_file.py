"""The report at the end of a training."""

import logging
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.distributed as dist
from torch import nn

from conclu_pyg.pipelines import loop, report_file
from conclu_pyg.pipelines.build import build_pipeline
from conclu_pyg.processes import num_processes
from conclu_pyg.reports import of_run
from conclu_pyg.runs.fingerprint import config_fingerprint
from conclu_pyg.runs.folder import REPORT_NAME


@pytest.fixture
def config(tiny_config: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """A config whose trainings write their reports."""
    monkeypatch.setattr(loop, "write_report_file", report_file.write_report_file)
    tiny_config["pipeline"] |= {"epochs": 1, "log_dir": str(tmp_path)}
    return tiny_config


def test_a_training_ends_with_its_report(config: dict[str, Any], caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        folder = build_pipeline(config).run_train()
    page = (folder / REPORT_NAME).read_text()
    assert "<h2>Prototypes</h2>" in page and "All 48 clouds of the train split." in page
    assert f"report of 48 clouds of the train split: {folder / REPORT_NAME}" in caplog.text


def test_a_supervised_training_shows_its_validation_clouds(config: dict[str, Any]) -> None:
    pytest.importorskip("sklearn", reason="needs scikit-learn")
    config["model"] = {"name": "PartSegmenter", "encoder": config["model"]["encoder"]}
    config["pipeline"] = {**config["pipeline"], "name": "Finetuning", "validation": 0.25, "views": []}
    folder = build_pipeline(config).run_train()
    page = (folder / REPORT_NAME).read_text()
    assert "of the validation split: accuracy" in page and "Parts: truth, prediction and error" in page
    config["pipeline"]["validation"] = 0.0
    page = (build_pipeline(config).run_train() / REPORT_NAME).read_text()
    assert "this is no estimate of its accuracy on others" in page


def test_an_option_turns_it_off_and_does_not_change_the_fingerprint(config: dict[str, Any]) -> None:
    before = config_fingerprint(config, "a")
    config["pipeline"]["report"] = False
    assert not (build_pipeline(config).run_train() / REPORT_NAME).exists()
    assert config_fingerprint(config, "a") == before


@pytest.mark.parametrize("error", [RuntimeError("out of\nmemory"), OSError(28, "No space left on device")])
def test_a_fault_of_the_report_is_a_warning(
    config: dict[str, Any], error: Exception, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*arguments: object, **options: object) -> None:
        raise error

    monkeypatch.setattr(of_run, "report_run", fail)
    folder = build_pipeline(config).run_train()
    (record,) = [each for each in caplog.records if each.levelno == logging.WARNING and "report" in each.message]
    assert f"{type(error).__name__}: " in record.message and "the run is complete" in record.message
    assert "\n" not in record.message
    assert (folder / "checkpoints" / "last.safetensors").is_file() and not (folder / REPORT_NAME).exists()


def test_the_number_of_clouds_is_bounded(config: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("conclu_pyg.reports.options.MAX_CLOUDS_AFTER_TRAINING", 20)
    page = (build_pipeline(config).run_train() / REPORT_NAME).read_text()
    assert "20 clouds, evenly spread over 48, of the train split." in page


def test_the_report_draws_no_random_numbers_of_the_training(config: dict[str, Any]) -> None:
    states = []
    for report in (True, False):
        config["pipeline"]["report"] = report
        build_pipeline(config).run_train()
        states.append(torch.get_rng_state())
    assert torch.equal(*states)


def test_the_first_of_several_processes_writes_it_alone(
    config: dict[str, Any], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    pipeline = build_pipeline(config)
    folder = pipeline.run_train()
    (folder / REPORT_NAME).unlink()

    def wait(*arguments: object, **options: object) -> None:
        raise AssertionError("the other process never joins")

    for name in ("all_reduce", "all_gather", "all_gather_object", "broadcast_object_list"):
        monkeypatch.setattr(dist, name, wait)
    monkeypatch.setattr(dist, "is_initialized", lambda: True)
    monkeypatch.setattr(dist, "get_world_size", lambda: 2)
    monkeypatch.setattr(dist, "get_rank", lambda: 0)
    report_file.write_report_file(pipeline, folder)
    assert (folder / REPORT_NAME).is_file() and num_processes() == 2
    assert not [each for each in caplog.records if each.levelno == logging.WARNING and "report" in each.message]


def test_the_model_in_memory_is_left_as_it_is(config: dict[str, Any]) -> None:
    pipeline = build_pipeline(config)
    pipeline.run_train()
    model: nn.Module = pipeline.model
    assert model.training and all(each.requires_grad for each in model.encoder.parameters())
