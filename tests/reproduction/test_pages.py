"""Pages of a table from fabricated records."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from conclu_pyg.reproduction.jobs import records_file
from conclu_pyg.reproduction.pages import markdown, write_pages
from conclu_pyg.reproduction.plan import Plan
from conclu_pyg.reproduction.result import Place, Result, collect
from conclu_pyg.reproduction.table_file import read_table
from conclu_pyg.runs.records import Record, write_records

COST: dict[str, Any] = {
    "num_clouds": 48,
    "stages": [{"stage": "", "setup_cpu_seconds": 0.0, "parameters": 1234, "peak_mib": 5.0}],
}
VALUES = {"Random": [80.0, 81.0, 82.0], "ConClu": [84.0, 86.0, 85.5], "SimSiam": [83.0, 83.5, 84.0]}


def put_cost(plan: Plan, folder: str, seconds: float) -> None:
    path = plan.folder / "costs" / f"{folder}.json"
    path.parent.mkdir(exist_ok=True)
    (stage,) = COST["stages"]
    path.write_text(json.dumps({**COST, "stages": [{**stage, "cpu_seconds_per_cloud": seconds}]}))


@pytest.fixture
def result(table_file: Callable[..., Path], tmp_path: Path, make_record: Callable[..., Record]) -> Result:
    """Three rows with three seeds; the second seed of SimSiam in equal CPU time failed."""
    table = read_table(table_file())
    budget = table.budget("quick")
    rows = [row for row in table.all_rows if row.method in VALUES]
    plan = Plan(table.under(budget), budget, rows, [0, 1, 2], tmp_path / "out")
    plan.folder.mkdir()
    put_cost(plan, "ConClu_PointNet", 0.01)
    put_cost(plan, "SimSiam_PointNet", 0.005)
    for row in rows:
        for seed, value in enumerate(VALUES[row.method]):
            cell = plan.cell(row, "clouds", seed)
            assert cell is not None
            cell.folder.mkdir(parents=True, exist_ok=True)
            kmeans: dict[str, Any] = {"task": "clusters", "protocol": {"extra": {"clusters": "4 of k-means"}}}
            scores = {"NMI": value - 40, "ARI": value - 50, "purity": value - 30}
            clusters = [make_record(metric=name, value=score, **kmeans) for name, score in scores.items()]
            write_records(records_file(cell.folder, "shapes"), [make_record(value=value, seed=seed), *clusters])
    cell = plan.cell(rows[2], "cpu", 0)
    assert cell is not None and cell.epochs == 4  # half as costly as the reference
    cell.folder.mkdir(parents=True)
    write_records(records_file(cell.folder, "shapes"), [make_record(value=88.0)])
    failures = {"SimSiam, PointNet, 4 epochs, seed 1": "out of | memory"}
    return collect(plan, "quick", "conclu reproduce tiny", failures)


def rows_of(page: str, title: str) -> dict[str, list[str]]:
    """Return the cells of a table by the method."""
    section = page.split(f"## {title}\n")[1].split("\n## ")[0]
    lines = [line.strip("| ").split(" | ") for line in section.splitlines() if line.startswith("|")]
    return {line[0]: line[1:] for line in lines}


def test_the_values_are_means_with_their_spread_next_to_figures_of_others(result: Result) -> None:
    rows = rows_of(markdown(result), "shapes: accuracy")
    assert rows["method"] == [
        *("encoder", "equal clouds", "epochs", "equal CPU time", "epochs", "reported", "reproduced by others")
    ]
    assert rows["Random"] == ["PointNet", "81.0 ± 1.0", "-", "81.0 ± 1.0", "-", "-", "-"]
    assert rows["ConClu"] == ["PointNet", "85.2 ± 1.0", "2", "85.2 ± 1.0", "2", "89.8 (1)", "80.0 (2)"]
    assert rows["SimSiam"] == ["PointNet", "83.5 ± 0.5", "2", "88.0 (1 of 3 seeds)", "4", "-", "-"]


def test_figures_of_others_are_never_among_the_values(result: Result) -> None:
    document = result.as_dict()
    values = [value for row in document["rows"] for each in row["values"] for value in each["by_seed"].values()]
    assert 89.8 not in values and 89.8 in [f["value"] for row in document["rows"] for f in row["figures_of_others"]]
    page = markdown(result)
    assert "- (1) a paper" in page and "- (2) others; more data" in page


def test_costs_and_clusters_have_tables(result: Result) -> None:
    page = markdown(result)
    costs = rows_of(page, "Cost of the training")
    assert costs["SimSiam"] == ["PointNet", "1,234", "200.0", "5", "0.5", "1.0"]
    assert costs["ConClu"][1:] == ["1,234", "100.0", "5", "1.0", "1.0"] and costs["Random"][1:] == ["-"] * 5
    clusters = rows_of(page, "shapes: clusters and classes")
    assert clusters["Random"] == ["PointNet", "41.0 ± 1.0", "31.0 ± 1.0", "51.0 ± 1.0"]


def test_differences_are_tested_where_all_seeds_are_there(result: Result) -> None:
    significance = rows_of(markdown(result), "shapes, equal clouds: significance")
    assert set(significance) - {"row", "---"} == {"Random, PointNet", "SimSiam, PointNet"}
    assert significance["SimSiam, PointNet"][:2] == ["ConClu, PointNet", "-1.67"]
    ranking = result.rankings(Place("clouds", "shapes", "accuracy"))["PointNet"]
    assert dict(zip(ranking.rows, ranking.mean_ranks, strict=True))["ConClu, PointNet"] == 1.0
    assert "SimSiam, PointNet" not in result.by_row(Place("cpu", "shapes", "accuracy"))


def test_failures_are_listed_and_escaped(result: Result, tmp_path: Path) -> None:
    page = markdown(result)
    assert "- SimSiam, PointNet, 4 epochs, seed 1: out of \\| memory" in page
    hostile = {"<script>alert(1)</script>, PointNet": "x\x1b[2J"}
    write_pages(Result(**{**vars(result), "failures": hostile}), tmp_path)
    html = (tmp_path / "table.html").read_text()
    assert "<script>alert" not in html and "&lt;script&gt;" in html and "\x1b" not in html
    assert "\x1b" not in (tmp_path / "table.md").read_text() and "85.2 ± 1.0" in html


def test_records_of_a_cell_of_both_columns_are_there_once(result: Result) -> None:
    assert len(result.records) == 3 * 3 * 4 + 1
