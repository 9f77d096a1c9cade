"""A folder of results takes more of the same table, and nothing of another one."""

import copy
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from helpers import raises

from conclu_pyg.config_files import read_config
from conclu_pyg.errors import ConfigError
from conclu_pyg.reproduction.kept_table import keep_table
from conclu_pyg.reproduction.table_file import read_table

Plain = dict[str, Any]


@pytest.fixture
def plain(table_file: Callable[..., Path]) -> Plain:
    table = read_table(table_file())
    trainings = {"SimSiam, PointNet": {"pipeline": {"lr": 0.1}}}
    return {
        "budget": "quick",
        **asdict(table),
        "budgets": {"quick": asdict(table.budget("quick"))},
        "trainings": trainings,
    }


@pytest.mark.parametrize(
    "change",
    [
        lambda t: t["budgets"]["quick"].update(seeds=9, description="x", equal_cpu=False),
        lambda t: t["rows"].append({**t["rows"][3], "method": "New"}),
        lambda t: t["rows"].pop(),
        lambda t: t["rows"][2].update(figures=[]),
        lambda t: t["encoders"].update(Other={"name": "DGCNN"}),
        lambda t: t["trainings"].update(New={}),
        lambda t: t.update(trainings={}),
        lambda t: t.update(title="x", note="y", measure_on=["shapes", "shapes2"]),
    ],
)
def test_what_does_not_change_a_value_may_change(plain: Plain, tmp_path: Path, change: Callable[[Plain], Any]) -> None:
    path = tmp_path / "kept.yaml"
    keep_table(path, plain)
    changed = copy.deepcopy(plain)
    change(changed)
    keep_table(path, changed)
    keep_table(path, plain)  # and back
    rows = {row["method"] for row in read_config(path)["rows"]}
    assert rows == {row["method"] for row in [*plain["rows"], *changed["rows"]]}


@pytest.mark.parametrize(
    ("change", "place", "got"),
    [
        (lambda t: t["budgets"]["quick"].update(epochs=9), "budgets.quick.epochs", 9),
        (lambda t: t["rows"][3].update(config="byol_pointnet"), "rows.SimSiam, PointNet.config", "byol_pointnet"),
        (lambda t: t["encoders"]["PointNet"].update(out_channels=8), "encoders.PointNet.out_channels", 8),
        (lambda t: t["datasets"]["shapes"].update(num_shapes=7), "datasets.shapes.num_shapes", 7),
        (
            lambda t: t["trainings"]["SimSiam, PointNet"]["pipeline"].update(lr=0.2),
            "trainings.SimSiam, PointNet.pipeline.lr",
            0.2,
        ),
        (lambda t: t.update(num_clusters=9), "num_clusters", 9),
        (lambda t: t.update(views=[]), "views", []),
    ],
)
def test_what_changes_a_value_is_refused(
    plain: Plain, tmp_path: Path, change: Callable[[Plain], Any], place: str, got: Any
) -> None:
    path = tmp_path / "kept.yaml"
    keep_table(path, plain)
    changed = copy.deepcopy(plain)
    change(changed)
    with raises(ConfigError, path=place, got=got, file=tmp_path):
        keep_table(path, changed)
    assert read_config(path)["rows"] == plain["rows"]


def test_a_row_that_is_left_out_for_a_while_is_still_compared(plain: Plain, tmp_path: Path) -> None:
    path = tmp_path / "kept.yaml"
    keep_table(path, plain)
    keep_table(path, {**plain, "rows": plain["rows"][:3]})
    other = [*plain["rows"][:3], {**plain["rows"][3], "config": "byol_pointnet"}]
    with raises(ConfigError, path="rows.SimSiam, PointNet.config"):
        keep_table(path, {**plain, "rows": other})


def test_a_file_of_another_program_is_refused_and_kept(plain: Plain, tmp_path: Path) -> None:
    path = tmp_path / "table.yaml"
    path.write_text("title: mine\n")
    with raises(ConfigError, file=path) as error:
        keep_table(path, plain)
    assert "give another folder by -o" in str(error.value) and path.read_text() == "title: mine\n"
