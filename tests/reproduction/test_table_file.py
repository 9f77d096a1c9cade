"""Table files: their contents as objects, and errors."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from helpers import assert_error, raises

from conclu_pyg.errors import ConfigError
from conclu_pyg.reproduction.plan import Plan
from conclu_pyg.reproduction.table import Row
from conclu_pyg.reproduction.table_file import read_table, select_rows
from conclu_pyg.shipped_configs import shipped_tables

Write = Callable[..., Path]


@pytest.mark.parametrize("name", shipped_tables())
def test_every_table_of_the_package_is_valid_under_all_its_budgets(name: str, tmp_path: Path) -> None:
    table = read_table(name)
    for budget in table.budgets:
        chosen = table.budget(budget)
        plan = Plan(table.under(chosen), chosen, table.all_rows, [0], tmp_path)
        jobs = [*plan.cost_jobs(), *plan.cell_jobs("clouds")]
        assert len({job.folder for job in jobs}) == len(jobs)


def test_the_first_table_has_every_row_of_the_issue() -> None:
    rows = {(row.method, row.encoder) for row in read_table("table1").all_rows}
    pointnet = "Random Supervised ConClu SimSiam BYOL STRL OcCo Jigsaw3D Rotation3D FoldingNet LatentGAN MRTNet MAPVAE"
    assert {(name, "PointNet") for name in [*pointnet.split(), "ContrastNet + ClusterNet"]} <= rows
    assert {(name, "DGCNN") for name in ("ConClu", "BYOL", "OcCo", "Jigsaw3D")} <= rows


def test_overrides_change_the_table(table_file: Write) -> None:
    table = read_table(table_file(), ["datasets.shapes.num_shapes=99", "budgets.quick.epochs=7"])
    assert table.datasets["shapes"]["num_shapes"] == 99 and table.budget("quick").epochs == 7


def test_a_budget_replaces_data_sets_and_encoders(table_file: Write) -> None:
    def change(table: dict[str, Any]) -> None:
        table["budgets"]["quick"] |= {
            "datasets": {"other": {"name": "ParametricShapes", "num_shapes": 7}},
            "measure_on": ["other"],
            "encoders": {"PointNet": {"name": "PointNet", "out_channels": 3}},
            "num_clusters": 9,
        }

    table = read_table(table_file(change))
    own = table.under(table.budget("quick"))
    assert own.measure_on == ["other"] and own.pretrain_on == "shapes" and own.num_clusters == 9
    assert own.encoders["PointNet"]["out_channels"] == 3 and set(own.datasets) == {"shapes", "other"}


def test_a_config_may_lie_next_to_the_table(table_file: Write, tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text("_base_: simsiam_pointnet\n")
    table = read_table(table_file(lambda table: table["rows"][3].update(config="mine.yaml")))
    assert Path(table.rows[3]["config"]) == tmp_path / "mine.yaml"


@pytest.mark.parametrize(
    ("change", "fields", "text"),
    [
        (lambda t: t.update(titel="x"), {"argument": "titel"}, "did you mean 'title'?"),
        (lambda t: t["rows"][2].update(confg="x"), {"path": "rows[2]", "argument": "confg"}, "did you mean 'config'?"),
        (
            lambda t: t["rows"][2]["figures"][0].update(valu=1),
            {"path": "rows[2].figures[0]", "argument": "valu"},
            "did you mean 'value'?",
        ),
        (
            lambda t: t["budgets"]["quick"].update(epoch=1),
            {"path": "budgets.quick", "argument": "epoch"},
            "did you mean 'epochs'?",
        ),
        (lambda t: t["budgets"]["quick"].update(epochs=0), {"path": "budgets.quick", "argument": "epochs"}, ">= 1"),
        (lambda t: t["rows"].append(3), {"path": "rows[5]"}, "must be a mapping"),
        (lambda t: t.update(pretrain_on="shape"), {"path": "pretrain_on"}, "did you mean 'shapes'?"),
        (lambda t: t.update(measure_on=["shaes"]), {"path": "measure_on"}, "did you mean 'shapes'?"),
        (lambda t: t.update(reference="Conclu"), {"path": "reference"}, "did you mean 'ConClu'?"),
        (lambda t: t["rows"][3].update(encoder="PointNt"), {"path": "rows[3].encoder"}, "did you mean 'PointNet'?"),
        (lambda t: t["rows"][3].update(method="ConClu"), {"path": "rows[3]", "got": "ConClu, PointNet"}, "twice"),
        (
            lambda t: t["rows"][3].update(method="CONCLU"),
            {"path": "rows[3]", "got": "CONCLU, PointNet"},
            "would have the same folder",
        ),
        (lambda t: t["rows"][0].update(config="x"), {"path": "rows[0]"}, "needs no config, got 'x'"),
        (lambda t: t["rows"][3].pop("config"), {"path": "rows[3]"}, "needs a config"),
        (lambda t: t["budgets"]["quick"].update(measure_on=["x"]), {"path": "budgets.quick"}, "there is no 'x'"),
    ],
)
def test_what_a_table_cannot_have_is_refused(
    table_file: Write, change: Callable[[dict[str, Any]], None], fields: dict[str, Any], text: str
) -> None:
    with pytest.raises(ConfigError) as error:
        read_table(table_file(change))
    assert text in assert_error(error, **fields).message


def test_all_issues_are_named_at_once(table_file: Write) -> None:
    def change(table: dict[str, Any]) -> None:
        table["rows"][2]["confg"] = table["rows"][3]["overide"] = "x"

    with pytest.raises(ConfigError) as error:
        read_table(table_file(change))
    assert [issue.path for issue in error.value.issues] == ["rows[2]", "rows[3]"]


def test_an_unknown_budget_or_row_is_refused(table_file: Write) -> None:
    table = read_table(table_file())
    with raises(ConfigError, argument="budget", got="quik") as error:
        table.budget("quik")
    assert "did you mean 'quick'?" in str(error.value)
    with raises(ConfigError, argument="only", got="SimSim"):
        select_rows(table, ["SimSim"])


@pytest.mark.parametrize(
    ("only", "expected"),
    [
        ([], {("A", "P"), ("A", "D"), ("B", "P")}),
        (["A"], {("A", "P"), ("A", "D")}),
        (["P"], {("A", "P"), ("B", "P")}),
        (["A/D", "B"], {("A", "D"), ("B", "P")}),
    ],
)
def test_rows_are_selected_by_method_and_encoder(
    table_file: Write, only: list[str], expected: set[tuple[str, str]]
) -> None:
    def change(table: dict[str, Any]) -> None:
        table["encoders"] = dict.fromkeys("PD", table["encoders"]["PointNet"])
        pairs = [("A", "P"), ("A", "D"), ("B", "P")]
        table["rows"] = [{"method": m, "encoder": e, "config": "simsiam_pointnet"} for m, e in pairs]
        table["reference"] = "A"

    rows = select_rows(read_table(table_file(change)), only)
    assert {(row.method, row.encoder) for row in rows} == expected


def test_figures_are_found_by_kind_data_set_and_metric() -> None:
    figures = [
        {"dataset": "a", "value": 1.0, "source": "x"},
        {"dataset": "a", "value": 2.0, "source": "x", "metric": "mIoU"},
        {"dataset": "a", "value": 3.0, "source": "x", "kind": "reproduced"},
        {"dataset": "b", "value": 4.0, "source": "x"},
    ]
    row = Row("m", "e", figures=figures)

    def found(*place: str) -> list[float]:
        return [figure.value for figure in row.figures_of(*place, main="accuracy")]

    assert found("reported", "a", "accuracy") == [1.0] and found("reported", "a", "mIoU") == [2.0]
    assert found("reproduced", "a", "accuracy") == [3.0] and found("reproduced", "b", "accuracy") == []
