"""MLflow and trackio: with stand-ins that record what they get, and themselves where they are installed."""

import csv
import importlib.util
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from conclu_pyg.errors import ConcluError
from conclu_pyg.loggers.base import flat
from conclu_pyg.loggers.csv_file import CsvLogger
from conclu_pyg.loggers.mlflow import MLflowLogger
from conclu_pyg.pipelines.build import build_pipeline
from conclu_pyg.pipelines.metrics_log import MetricsLog


class FakeTrackio(SimpleNamespace):
    def __init__(self) -> None:
        super().__init__(started=[], rows=[], finished=0)

    def init(self, project: str, **options: Any) -> None:
        self.started.append((project, options))

    def log(self, metrics: dict[str, float], step: int) -> None:
        # trackio 0.43 renames these and warns.
        assert not {"project", "run", "timestamp", "step", "time", "metrics"} & metrics.keys()
        assert not any(key.startswith("__") for key in metrics)
        self.rows.append((step, metrics))

    def finish(self) -> None:
        self.finished += 1


@pytest.fixture
def trackio(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeTrackio]:
    fake = FakeTrackio()
    monkeypatch.setitem(sys.modules, "trackio", fake)
    monkeypatch.setattr("conclu_pyg.loggers.trackio.is_installed", lambda package: True)
    return fake


def train(config: dict[str, Any], folder: Path, loggers: list[Any], epochs: int, resume: bool = False) -> Path:
    config["pipeline"] |= {"run_dir": str(folder), "loggers": loggers, "epochs": epochs}
    return build_pipeline(config).run_train(folder if resume else None)


def test_a_resumed_run_continues_its_log_without_doubled_rows(
    trackio: FakeTrackio, tmp_path: Path, tiny_config: dict[str, Any]
) -> None:
    loggers = ["csv", {"name": "trackio", "project": "clouds"}]
    run = train(tiny_config, tmp_path / "run", loggers, 2)
    assert [step for step, _ in trackio.rows] == [1, 2] and trackio.finished == 1
    assert "loss" in trackio.rows[0][1] and "epoch" not in trackio.rows[0][1]
    assert [row["training/step"] for _, row in trackio.rows] == [3, 6]
    project, options = trackio.started[0]
    assert project == "clouds" and options["name"] == "run" and options["resume"] == "never"
    assert options["config"]["model.encoder.name"] == "PointNet"

    state = run / "trackio_run.json"
    assert json.loads(state.read_text()) == {"run": "run", "epoch": 2}
    state.write_text(json.dumps({"run": "run", "epoch": 1}))  # as if it was killed before the second row was sent
    trackio.rows.clear()
    train(tiny_config, run, loggers, 3, resume=True)
    assert [step for step, _ in trackio.rows] == [2, 3] and trackio.started[1][1]["resume"] == "allow"
    trackio.rows.clear()
    train(tiny_config, run, loggers, 4, resume=True)
    assert [step for step, _ in trackio.rows] == [4]
    assert (run / "metrics.csv").read_text().count("\n") == 5


@pytest.mark.parametrize("name", ["mlflow", "trackio"])
def test_a_missing_tracker_is_named_with_its_command_before_the_training(
    name: str, tmp_path: Path, tiny_config: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(f"conclu_pyg.loggers.{name}.is_installed", lambda package: False)
    with pytest.raises(ConcluError, match=rf"'conclu_pyg\[tracking\]'`.*, or leave the logger {name} out"):
        train(tiny_config, tmp_path / "run", [name], 1)
    assert not (tmp_path / "run").exists()


@pytest.mark.skipif(importlib.util.find_spec("mlflow") is None, reason="MLflow is not installed")
def test_mlflow_gets_the_rows_and_the_config_of_a_run_once(
    tmp_path: Path, tiny_config: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    from mlflow.tracking import MlflowClient

    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")  # a database needs SQLAlchemy, which mlflow-skinny lacks
    address = (tmp_path / "mlruns").as_uri()
    loggers = ["csv", {"name": "mlflow", "tracking_uri": address, "experiment": "clouds"}]
    run = train(tiny_config, tmp_path / "run", loggers, 2)
    train(tiny_config, run, loggers, 3, resume=True)
    client = MlflowClient(address)
    (found,) = client.search_runs([client.get_experiment_by_name("clouds").experiment_id])
    assert found.info.run_name == "run" and found.info.status == "FINISHED"
    assert found.data.params["model.encoder.name"] == "PointNet"
    assert [metric.step for metric in client.get_metric_history(found.info.run_id, "loss")] == [1, 2, 3]
    assert found.data.metrics["loss.contrast"] >= 0


@pytest.mark.skipif(importlib.util.find_spec("trackio") is None, reason="trackio is not installed")
def test_trackio_itself_gets_the_rows_and_the_config_of_a_run_once(
    tmp_path: Path, tiny_config: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRACKIO_DIR", str(tmp_path / "trackio"))  # read by its import
    from trackio.sqlite_storage import SQLiteStorage

    loggers = ["csv", {"name": "trackio", "project": "clouds"}]
    run = train(tiny_config, tmp_path / "run", loggers, 2)
    train(tiny_config, run, loggers, 3, resume=True)
    assert SQLiteStorage.get_runs("clouds") == ["run"]
    rows = SQLiteStorage.get_logs("clouds", "run")
    with (run / "metrics.csv").open() as file:
        expected = list(csv.DictReader(file))
    assert [row["step"] for row in rows] == [1, 2, 3]
    for row, line in zip(rows, expected, strict=True):
        assert row["training/step"] == int(line["step"]) and row["loss"] == pytest.approx(float(line["loss"]))
    config = SQLiteStorage.get_run_config("clouds", "run")
    assert config is not None and config["model.encoder.name"] == "PointNet"


def test_without_csv_there_is_no_table(tmp_path: Path, tiny_config: dict[str, Any]) -> None:
    run = train(tiny_config, tmp_path / "run", [], 1)
    assert not (run / "metrics.csv").exists() and not (run / "curves.png").exists()
    assert not list(run.glob("events.*"))


def test_an_unknown_logger_is_an_error_with_the_names(tmp_path: Path, tiny_config: dict[str, Any]) -> None:
    with pytest.raises(ConcluError, match=r"LOGGERS has no 'tensorbord'; did you mean 'tensorboard'\?"):
        train(tiny_config, tmp_path / "run", ["tensorbord"], 1)


def test_values_of_a_config_are_named_by_their_path() -> None:
    assert flat({"a": {"b": 1, "c": {"d": [2]}}, "e": None}) == {"a.b": "1", "a.c.d": "[2]", "e": "None"}


def test_a_lost_server_does_not_end_the_training_and_gets_the_rows_later(
    trackio: FakeTrackio,
    tmp_path: Path,
    tiny_config: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    answers = iter([False, True, True, False])
    receive = trackio.log

    def log(metrics: dict[str, float], step: int) -> None:
        if not next(answers):
            raise ConnectionError("the server is gone")
        receive(metrics, step)

    def finish() -> None:
        raise ConnectionError("the server is gone")

    trackio.log, trackio.finish = log, finish
    run = train(tiny_config, tmp_path / "run", ["csv", "trackio"], 3)
    assert [step for step, _ in trackio.rows] == [1, 2]
    assert json.loads((run / "trackio_run.json").read_text())["epoch"] == 2
    assert (run / "metrics.csv").read_text().count("\n") == 4
    messages = [record.message for record in caplog.records if "server is gone" in record.message]
    assert messages == [
        "TrackioLogger: epoch 1 is not sent yet: the server is gone",
        "TrackioLogger: epoch 3 is not sent yet: the server is gone",
        "TrackioLogger: the log is not complete: the server is gone",
    ]


def test_the_run_of_a_failed_training_is_failed_in_mlflow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("conclu_pyg.loggers.mlflow.is_installed", lambda package: True)
    states = []
    for fails in (True, False):
        logger = MLflowLogger()
        logger._client = SimpleNamespace(set_terminated=lambda run, status="FINISHED": states.append(status))
        logger.run, logger._ended = "r", False
        if not fails:
            logger.finish(None)
        logger.close()
    assert states == ["FAILED", "FINISHED"]


def test_a_fault_after_the_last_epoch_is_a_warning_and_the_other_loggers_end(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    calls = []

    class Faulty(CsvLogger):
        def finish(self, pipeline: Any) -> None:
            raise RuntimeError("no picture")

    class Sound(CsvLogger):
        def finish(self, pipeline: Any) -> None:
            calls.append("finish")

        def close(self) -> None:
            calls.append("close")

    with MetricsLog(tmp_path, loggers=[Faulty(), Sound()]) as log:
        log.finish(None)
    assert calls == ["finish", "close"]
    assert [record.message for record in caplog.records] == ["Faulty: the log is not complete: no picture"]
