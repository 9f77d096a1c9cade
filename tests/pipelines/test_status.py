"""Lines about the state of a training, the time that remains, and warnings about its course."""

import logging
import re
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from conclu_pyg.errors import ConcluWarning
from conclu_pyg.loggers.csv_file import read_metrics
from conclu_pyg.methods.base import Progress
from conclu_pyg.pipelines import status
from conclu_pyg.pipelines.build import build_pipeline
from conclu_pyg.pipelines.status import RemainingTime, check_length, data_warnings, epoch_line, step_status

Config = dict[str, Any]


def with_folder(config: Config, folder: Path, **pipeline: Any) -> Config:
    return {**config, "pipeline": {**config["pipeline"], "run_dir": str(folder), **pipeline}}


def test_a_step_shows_the_total_loss_each_loss_and_the_speed() -> None:
    losses = {"contrast": 1.5, "cluster": 2.0}
    assert step_status(losses, 1234.5) == "loss 3.500  contrast 1.500  cluster 2.000  1,234 clouds/s"
    assert step_status(losses, 1234.5, 3000).endswith("1,234 clouds/s  50 min left")


def test_an_epoch_shows_its_number_losses_and_the_progress_metrics_that_were_measured() -> None:
    line = epoch_line(
        {"epoch": 3, "loss": 1.5, "loss/contrast": 1.5, "clouds_per_second": 80, "projection_std": 0.9},
        12,
        {"projection_std": "spread {:.2f}", "validation/accuracy": "accuracy {:.1f} %"},
    )
    assert line == "epoch 3/12  loss 1.500  contrast 1.500  80 clouds/s  spread 0.90"


def test_an_epoch_of_a_method_without_statistics_shows_the_losses() -> None:
    line = epoch_line({"epoch": 1, "loss": 1.0, "loss/mine": 1.0, "clouds_per_second": 80}, 1, {})
    assert line == "epoch 1/1  loss 1.000  mine 1.000  80 clouds/s"


def test_an_epoch_shows_the_time_that_remains_and_a_wait_for_data_that_matters() -> None:
    metrics = {"epoch": 1, "loss/mine": 1.0, "clouds_per_second": 80, "data_wait": 0.09}
    assert epoch_line(metrics, 2, {}, 7200).endswith("80 clouds/s  2 h 0 min left")
    assert epoch_line(metrics, 2, {}, 0.9).endswith("80 clouds/s")
    assert epoch_line(metrics | {"data_wait": 0.345}, 2, {}).endswith("80 clouds/s  waiting for data 34%")


# The time that remains


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Stops the clock; a call lets so many seconds pass."""
    now = 100.0

    def wait(seconds: float) -> None:
        nonlocal now
        now += seconds

    monkeypatch.setattr(time, "perf_counter", lambda: now)
    return wait


def test_the_time_that_remains_is_estimated_without_the_slow_first_step(clock: Callable[[float], None]) -> None:
    remaining = RemainingTime()
    for step, seconds, expected in [(6, 50, None), (7, 2, 2 * 33), (8, 4, 3 * 32), (8, 6, 6 * 32)]:
        clock(seconds)
        remaining.update(Progress(step, 40, 0, 4))
        assert remaining.seconds == expected


def test_the_estimate_is_logged_once_after_a_few_seconds(
    clock: Callable[[float], None], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "conclu_pyg")
    remaining = RemainingTime()
    for step in range(1, 8):
        remaining.update(Progress(step, 1203, 0, 4))
        assert bool(caplog.messages) == (step > 3)
        clock(1.0)
    assert caplog.messages == ["about 20 min for the other 1,199 steps of 4 epochs"]


# Warnings


def test_few_steps_are_warned_about_with_a_remedy_that_works(
    tiny_config: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(status, "MIN_STEPS", 7)
    monkeypatch.setattr(status, "GOOD_STEPS", 9)
    with pytest.warns(ConcluWarning, match="has only 6 steps in 2 epochs") as warned:
        build_pipeline(with_folder(tiny_config, tmp_path / "few")).run_train()
    (remedy,) = re.findall(r"pipeline\.(\w+)=(\d+)", str(warned[0].message))
    with warnings.catch_warnings():
        warnings.simplefilter("error", ConcluWarning)
        more = with_folder(tiny_config, tmp_path / "more", **{remedy[0]: int(remedy[1])})
        assert read_metrics(build_pipeline(more).run_train())["step"] == [6, 12]


def test_the_remedy_of_few_steps_gives_enough_of_them(recwarn: pytest.WarningsRecorder) -> None:
    check_length(Progress(0, status.MIN_STEPS, 0, 30))
    assert not recwarn
    for epochs in (1, 7, 99):
        with pytest.warns(ConcluWarning) as warned:
            check_length(Progress(0, epochs, 0, epochs))
        (per_epoch,) = re.findall(r"min_steps_per_epoch=(\d+)", str(warned[0].message))
        assert status.GOOD_STEPS <= epochs * int(per_epoch) < status.GOOD_STEPS + epochs


@pytest.mark.parametrize(
    ("share", "seconds", "workers", "sentence"),
    [
        (0.19, 100, 0, None),
        (0.9, 1, 0, None),
        (
            0.25,
            4,
            0,
            "the training waits for its clouds 25% of the time; give pipeline.num_workers=2, so that other processes "
            "read ahead.",
        ),
        (
            0.5,
            100,
            3,
            "the training waits for its clouds 50% of the time; give pipeline.num_workers=6, so that more processes "
            "read ahead.",
        ),
    ],
)
def test_a_wait_for_data_is_warned_about_where_it_costs_time(
    share: float, seconds: float, workers: int, sentence: str | None
) -> None:
    expected = [] if sentence is None else [sentence]
    metrics = {"data_wait": share, "seconds": seconds}
    assert data_warnings({**metrics, "epoch": 2}, workers) == expected
    assert data_warnings({**metrics, "epoch": 1}, workers) == []


def slow_pipeline(
    config: Config, monkeypatch: pytest.MonkeyPatch, read: Callable[[], None], learn: Callable[[], None]
) -> Any:
    """Returns a pipeline that calls ``read`` before it reads a batch and ``learn`` before it computes its losses."""
    pipeline = build_pipeline(config)
    split = type(pipeline.dataset.get_split("train"))
    read_batch, compute_losses = split.__getitems__, pipeline.losses

    def reading(self: Any, indices: Any) -> Any:
        read()
        return read_batch(self, indices)

    def learning(*args: Any) -> Any:
        learn()
        return compute_losses(*args)

    monkeypatch.setattr(split, "__getitems__", reading)
    monkeypatch.setattr(pipeline, "losses", learning)
    return pipeline


@pytest.mark.parametrize(("read", "share"), [(1.0, 0.25), (0.5, 0.5 / 3.5)])
def test_the_wait_for_clouds_is_measured_and_warned_about(
    read: float,
    share: float,
    tiny_config: Config,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    clock: Callable[[float], None],
) -> None:
    config = with_folder(tiny_config, tmp_path / "run")
    pipeline = slow_pipeline(config, monkeypatch, lambda: clock(read), lambda: clock(3.0))
    with pytest.warns(ConcluWarning) as warned:
        folder = pipeline.run_train()
    assert read_metrics(folder)["data_wait"] == pytest.approx([share, share])
    sentences = [text for w in warned if "waits for its clouds" in (text := str(w.message))]
    assert len(sentences) == (share > 0.2), "once in the run, not once in an epoch"


def test_worker_processes_lower_the_wait_for_clouds(
    tiny_config: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits = []
    for workers in (0, 2):
        more = {"epochs": 1, "min_steps_per_epoch": 9, "num_workers": workers}
        config = with_folder(tiny_config, tmp_path / str(workers), **more)
        with monkeypatch.context() as patch:
            pipeline = slow_pipeline(config, patch, lambda: time.sleep(0.25), lambda: time.sleep(0.25))
            metrics = read_metrics(pipeline.run_train())
        waits.append(metrics["data_wait"][0] * metrics["seconds"][0])
    assert waits[0] >= 9 * 0.25 and waits[1] < 0.75 * waits[0]
