"""Configs of rows: the same encoder, data and budget for every method."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from helpers import raises

from conclu_pyg.errors import ConfigError
from conclu_pyg.registry import ENCODERS, METHODS, components_of
from conclu_pyg.reproduction.row_configs import pretraining_config, stage_epochs, supervised_config
from conclu_pyg.reproduction.table import Budget, Row
from conclu_pyg.reproduction.table_file import read_table

TABLE = read_table("table1")
BUDGET = TABLE.budget("hour")
HOUR = TABLE.under(BUDGET)
PRETRAINED = [row for row in TABLE.all_rows if row.training == "method"]


def stages_of(config: dict[str, Any]) -> list[dict[str, Any]]:
    return list(config["stages"].values()) if "stages" in config else [config]


@pytest.mark.parametrize("row", PRETRAINED, ids=lambda row: row.folder)
def test_every_pre_training_has_the_data_encoder_and_budget_of_the_table(row: Row) -> None:
    stages = stages_of(pretraining_config(HOUR, row, BUDGET, 8, seed=3))
    assert sum(stage["pipeline"]["epochs"] for stage in stages) == 8
    for stage in stages:
        assert stage["dataset"] == HOUR.datasets["ModelNet10"]
        assert stage["pipeline"]["batch_size"] == BUDGET.batch_size and stage["pipeline"]["seed"] == 3
        method = METHODS.get(stage["model"]["name"])
        encoders = [key for key, registry in components_of(method).items() if registry is ENCODERS]
        for key in {"encoder", *encoders} & stage["model"].keys():
            assert {k: v for k, v in stage["model"][key].items() if k != "checkpoint"} == HOUR.encoders[row.encoder]
        points = [step["num_points"] for step in stage["pipeline"]["views"] or [] if step["name"] == "FixedPoints"]
        points += [stage["model"]["num_points"]] if "num_points" in stage["model"] else []
        assert points == [BUDGET.points]


def test_stages_keep_their_checkpoints() -> None:
    row = next(row for row in PRETRAINED if row.method == "ContrastNet + ClusterNet")
    first, second = stages_of(pretraining_config(HOUR, row, BUDGET, 8, seed=0))
    assert "checkpoint" not in first["model"]["encoder"] and second["model"]["teacher"]["checkpoint"] == "contrast"


def test_a_step_schedule_decays_at_the_same_shares_of_any_training() -> None:
    for epochs in (5, 50):
        schedule = pretraining_config(HOUR, PRETRAINED[0], BUDGET, epochs, seed=0)["pipeline"]["schedule"]
        assert schedule == {"name": "step", "decay": 0.7, "decay_fraction": 0.1}


@pytest.mark.parametrize(
    ("shares", "epochs", "expected"),
    [({}, 8, [4, 4]), ({"a": 3.0}, 8, [6, 2]), ({"a": 3, "b": 1}, 100, [75, 25]), ({"a": 99.0}, 2, [1, 1])],
)
def test_stages_share_the_epochs(shares: dict[str, float], epochs: int, expected: list[int]) -> None:
    assert list(stage_epochs(["a", "b"], shares, epochs).values()) == expected


@pytest.mark.parametrize("shares", [{}, {"a": 3.0}, {"a": 0.1, "b": 5.0}, {"c": 100.0}])
def test_stages_have_all_epochs_and_nearly_their_shares(shares: dict[str, float]) -> None:
    weights = [shares.get(name, 1.0) for name in "abc"]
    for epochs in range(1, 60):
        own = list(stage_epochs(["a", "b", "c"], shares, epochs).values())
        assert min(own) >= 1 and sum(own) == max(epochs, 3)
        exact = [epochs * weight / sum(weights) for weight in weights]
        assert all(count == 1 or abs(count - part) < 2 for count, part in zip(own, exact, strict=True))


def test_a_training_with_labels_has_the_encoder_and_the_data_of_the_table() -> None:
    table = read_table("table2")
    budget = table.budget("cpu")
    row = next(row for row in table.all_rows if row.label == "ConClu, DGCNN")
    config = supervised_config(table, row, budget, "MFCAD", epochs=4, seed=1)
    assert config["model"]["encoder"] == table.encoders["DGCNN"]
    assert config["model"]["head"] == {"name": "DGCNNPartHead"} and config["dataset"] == table.datasets["MFCAD"]
    pipeline = config["pipeline"]
    assert (pipeline["epochs"], pipeline["batch_size"], pipeline["seed"]) == (4, 32, 1)


def test_errors_name_the_row(table_file: Callable[..., Path]) -> None:
    table = read_table(table_file())
    budget = Budget("x", 2, 16)

    def config_of(**fields: Any) -> Any:
        return pretraining_config(table, Row("Mine", "PointNet", **fields), budget, 2, 0)

    with raises(ConfigError, argument="shares") as error:
        config_of(config="latentgan_pointnet", shares={"autoencode": 1.0})
    assert "Mine, PointNet: shares names no stage 'autoencode'; did you mean 'autoencoder'?" in str(error.value)
    with raises(ConfigError, argument="config", got="classify_pointnet"):
        config_of(config="classify_pointnet")
