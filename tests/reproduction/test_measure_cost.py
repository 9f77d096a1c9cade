"""The cost of a step: counts that are known, and no files."""

from collections.abc import Callable
from pathlib import Path

import pytest

from conclu_pyg.registry import METHODS
from conclu_pyg.reproduction.measure_cost import measure_cost
from conclu_pyg.reproduction.row_configs import pretraining_config
from conclu_pyg.reproduction.table_file import read_table


def test_parameters_and_clouds_are_counted_for_each_stage(
    table_file: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = read_table(table_file())
    monkeypatch.chdir(tmp_path)
    before = set(tmp_path.iterdir())
    rows = {row.method: row for row in table.all_rows}
    config = pretraining_config(table, rows["LatentGAN"], table.budget("quick"), 2, seed=0)
    cost = measure_cost(config, "a config")
    assert cost.num_clouds == 48 and [stage.stage for stage in cost.stages] == ["autoencoder", "gan"]
    model = METHODS.build(config["stages"]["autoencoder"]["model"])
    assert cost.stages[0].parameters == sum(parameter.numel() for parameter in model.parameters())
    assert all(stage.cpu_seconds_per_cloud > 0 and stage.peak_mib > 0 for stage in cost.stages)
    assert set(tmp_path.iterdir()) == before
