import csv
import math
from pathlib import Path

import pytest
import torch
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from conclu_pyg.loggers.csv_file import read_metrics
from conclu_pyg.pipelines.metrics_log import EpochMean, MetricsLog


def test_the_mean_of_an_epoch_is_that_of_its_steps() -> None:
    mean = EpochMean()
    for value in (1.0, 2.0, 6.0):
        mean.update({"loss": torch.tensor(value, requires_grad=True), "half": torch.tensor(value / 2).bfloat16()})
    assert mean.compute() == {"loss": 3.0, "half": 1.5}


def test_the_mean_is_exact_over_many_steps() -> None:
    mean = EpochMean()
    for _ in range(10_000):
        mean.update({"loss": torch.tensor(0.1)})
    assert math.isclose(mean.compute()["loss"], float(torch.tensor(0.1)), rel_tol=1e-9)


def test_a_metric_of_some_steps_is_averaged_over_those() -> None:
    mean = EpochMean()
    mean.update({"loss": torch.tensor(1.0)}, {"accuracy": torch.tensor(4.0)})
    mean.update({"loss": torch.tensor(3.0)})
    assert mean.compute() == {"loss": 2.0, "accuracy": 4.0}


def test_a_loss_of_some_steps_counts_as_zero_in_the_others() -> None:
    mean = EpochMean()
    mean.update({"loss": torch.tensor(3.0), "loss/a": torch.tensor(1.0), "loss/b": torch.tensor(2.0)})
    mean.update({"loss": torch.tensor(5.0), "loss/a": torch.tensor(5.0)})
    means = mean.compute()
    assert means == {"loss": 4.0, "loss/a": 3.0, "loss/b": 1.0}
    assert means["loss"] == means["loss/a"] + means["loss/b"]


def test_no_steps_have_no_mean() -> None:
    assert EpochMean().compute() == {}


def test_rows_are_appended_and_read_back(tmp_path: Path) -> None:
    with MetricsLog(tmp_path) as log:
        log.write({"epoch": 1, "loss": 0.125, "lr": 1e-7})
        assert read_metrics(tmp_path) == {"epoch": [1], "loss": [0.125], "lr": [1e-7]}
        log.write({"epoch": 2, "loss": float("nan"), "lr": 5e-8})
    columns = read_metrics(tmp_path)
    assert columns["epoch"] == [1, 2] and columns["lr"] == [1e-7, 5e-8]
    assert columns["loss"][0] == 0.125 and math.isnan(columns["loss"][1])
    assert (tmp_path / "metrics.csv").read_text().count("epoch") == 1


def test_a_row_with_other_losses_gets_its_own_columns(tmp_path: Path) -> None:
    rows = [
        {"epoch": 1, "lr": 0.1, "loss": 3.0, "loss/a": 3.0},
        {"epoch": 2, "loss/b": 0.05, "loss": 0.9, "lr": 0.01},  # one column gone, one new, another order
        {"epoch": 3, "lr": 0.001, "loss": 1.0, "loss/a": 0.25, "loss/b": 0.75},
        {"epoch": 4, "lr": 0.0001, "loss": 2.0},
    ]
    with MetricsLog(tmp_path) as log:
        for row in rows:
            log.write(row)
    columns = read_metrics(tmp_path)
    assert list(columns) == ["epoch", "lr", "loss", "loss/a", "loss/b"]
    for number, row in enumerate(rows):
        for key, column in columns.items():
            assert column[number] == row[key] if key in row else math.isnan(column[number]), (number, key)
    with (tmp_path / "metrics.csv").open(newline="") as file:
        lines = list(csv.reader(file))
    assert len(lines) == 5 and {len(line) for line in lines} == {5} and lines[1][4] == ""


def test_the_log_of_a_resumed_run_continues_its_history(tmp_path: Path) -> None:
    with MetricsLog(tmp_path) as log:
        log.write({"epoch": 1, "a": 1 / 3})
        log.write({"epoch": 2, "b": 0.0})  # of an epoch that is trained again
    with MetricsLog(tmp_path, history=[{"epoch": 1, "a": 1 / 3}]) as log:
        assert read_metrics(tmp_path) == {"epoch": [1], "a": [1 / 3]}
        log.write({"epoch": 2, "b": 2 / 3})
    columns = read_metrics(tmp_path)
    assert columns["epoch"] == [1, 2] and columns["a"][0] == 1 / 3 and columns["b"][1] == 2 / 3
    events = EventAccumulator(str(tmp_path)).Reload()
    assert [event.step for event in events.Scalars("a")] == [1]
    assert [(event.step, event.value) for event in events.Scalars("b")] == [(2, pytest.approx(2 / 3))]


def test_numbers_are_read_back_as_they_were(tmp_path: Path) -> None:
    row = {"epoch": 1, "third": 1 / 3, "small": 5e-324, "large": 1.7976931348623157e308, "minus": -0.1, "inf": math.inf}
    with MetricsLog(tmp_path) as log:
        log.write(row)
    assert {key: column[0] for key, column in read_metrics(tmp_path).items()} == row


def test_a_rewrite_that_fails_leaves_the_older_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with MetricsLog(tmp_path) as log:
        log.write({"epoch": 1, "a": 1.0})
        before = (tmp_path / "metrics.csv").read_text()
        monkeypatch.setattr("os.replace", lambda *_: (_ for _ in ()).throw(OSError("no space left")))
        with pytest.raises(OSError, match="no space left"):
            log.write({"epoch": 2, "b": 2.0})
    assert (tmp_path / "metrics.csv").read_text() == before
