import math
from pathlib import Path

import torch

from conclu_pyg.pipelines.metrics_log import EpochMean, MetricsLog, read_metrics


def test_the_mean_of_an_epoch_is_that_of_its_steps() -> None:
    mean = EpochMean()
    for value in (1.0, 2.0, 6.0):
        mean.update({"loss": torch.tensor(value, requires_grad=True), "half": torch.tensor(value / 2).bfloat16()})
    assert mean.compute() == {"loss": 3.0, "half": 1.5}


def test_the_mean_loses_nothing_over_many_steps() -> None:
    mean = EpochMean()
    for _ in range(10_000):
        mean.update({"loss": torch.tensor(0.1)})
    assert math.isclose(mean.compute()["loss"], float(torch.tensor(0.1)), rel_tol=1e-9)


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
