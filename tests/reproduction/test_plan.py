"""Cells of both columns, and what depends on a measured cost."""

import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import pytest

from conclu_pyg.errors import ConcluError
from conclu_pyg.reproduction.jobs import Job, records_file
from conclu_pyg.reproduction.kept_table import keep_table
from conclu_pyg.reproduction.plan import Plan
from conclu_pyg.reproduction.table import Row
from conclu_pyg.reproduction.table_file import read_table


@pytest.fixture
def plan(table_file: Callable[..., Path], tmp_path: Path) -> Plan:
    table = read_table(table_file())
    budget = table.budget("quick")
    return Plan(table.under(budget), budget, table.all_rows, [0, 1], tmp_path / "out")


def rows_by_method(plan: Plan) -> dict[str, Row]:
    return {row.method: row for row in plan.rows}


def put_cost(plan: Plan, folder: str, text: str) -> None:
    path = plan.folder / "costs" / f"{folder}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def cost(seconds: float) -> str:
    stage = {"stage": "", "cpu_seconds_per_cloud": seconds, "setup_cpu_seconds": 0.0, "parameters": 1, "peak_mib": 1.0}
    return json.dumps({"num_clouds": 48, "stages": [stage]})


def test_the_second_column_needs_the_costs(plan: Plan) -> None:
    rows = rows_by_method(plan)
    assert plan.cell(rows["SimSiam"], "cpu", 0) is None and plan.cell(rows["ConClu"], "cpu", 0) is not None
    assert {job.label.split(",")[0] for job in plan.cell_jobs("cpu")} == {"Random", "ConClu"}
    put_cost(plan, "ConClu_PointNet", cost(0.03))
    put_cost(plan, "SimSiam_PointNet", cost(0.01))
    cell = plan.cell(rows["SimSiam"], "cpu", 0)
    assert cell is not None and cell.epochs == 6  # a third of the cost of the reference's two epochs
    assert plan.cpu_seconds(rows["SimSiam"], 6) == pytest.approx(plan.cpu_seconds(rows["ConClu"], 2))


def test_rows_with_as_many_epochs_are_trained_once(plan: Plan) -> None:
    rows = rows_by_method(plan)
    for method in ("Random", "ConClu"):
        assert plan.cell(rows[method], "clouds", 1) == plan.cell(rows[method], "cpu", 1)
    assert plan.cell(rows["ConClu"], "clouds", 0) != plan.cell(rows["ConClu"], "clouds", 1)


def test_the_reference_is_measured_even_if_it_is_not_selected(plan: Plan) -> None:
    rows = [row for row in plan.rows if row.method == "SimSiam"]
    costs = Plan(plan.table, plan.budget, rows, [0], plan.folder).cost_jobs()
    assert [job.label for job in costs] == ["cost of ConClu, PointNet", "cost of SimSiam, PointNet"]


def test_seeds_come_one_after_the_other_and_jobs_survive_json(plan: Plan) -> None:
    jobs = list(plan.cell_jobs("clouds"))
    assert [job.label.rpartition(" ")[2] for job in jobs] == ["0"] * 5 + ["1"] * 5
    for job in jobs:
        assert Job.from_dict(json.loads(json.dumps(job.as_dict()))) == job
    by_method = {job.label.split(",")[0]: job for job in jobs}
    assert not by_method["Random"].trains and by_method["Supervised"].config is None
    assert by_method["Supervised"].measured["shapes"].finetuning is not None


def test_a_job_is_done_when_its_files_exist(plan: Plan) -> None:
    job = next(iter(plan.cell_jobs("clouds")))
    assert not job.is_done
    records_file(job.folder, "shapes").parent.mkdir(parents=True)
    records_file(job.folder, "shapes").touch()
    assert job.is_done


def test_a_damaged_cost_is_named(plan: Plan) -> None:
    put_cost(plan, "ConClu_PointNet", '{"num_clouds": 3}')
    with pytest.raises(ConcluError, match="is no measured cost"):
        plan.cost(rows_by_method(plan)["ConClu"])


def test_trainings_are_named_and_compared(plan: Plan, tmp_path: Path) -> None:
    trainings = plan.trainings()
    names = ["Random, PointNet", "Supervised, PointNet, shapes", *(f"{m}, PointNet" for m in ("ConClu", "SimSiam"))]
    assert list(trainings) == [*names, "LatentGAN, PointNet"]
    jobs = {job.label: job for job in plan.cell_jobs("clouds")}
    assert trainings["ConClu, PointNet"] == jobs["ConClu, PointNet, 2 epochs, seed 0"].config
    document = {"budget": "quick", **asdict(plan.table), "budgets": {"quick": asdict(plan.budget)}}
    keep_table(tmp_path / "kept.yaml", {**document, "trainings": trainings})
    keep_table(tmp_path / "kept.yaml", {**document, "trainings": trainings})  # the file has the same values
