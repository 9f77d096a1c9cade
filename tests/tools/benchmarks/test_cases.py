"""Every case from end to end with tiny sizes."""

import importlib.util
from pathlib import Path

import pytest
import torch

from benchmarks.cases import CASES, neighbors, reading, roofline
from benchmarks.cases.reading import ROOT
from benchmarks.measure import Measurement
from benchmarks.runner import Runner
from conclu_pyg.neighbors.auto import AutoNeighbors
from conclu_pyg.neighbors.dense import DenseNeighbors
from conclu_pyg.neighbors.tree import TreeNeighbors
from conclu_pyg.registry import NEIGHBORS

CPU = torch.device("cpu")


@pytest.mark.parametrize("name", CASES)
def test_a_case_adds_its_rows(name: str) -> None:
    runner = Runner(name, CPU, quick=True)
    CASES[name](runner)
    report = runner.report
    assert report.rows and {entry.case for part in (report.rows, report.lines, report.notes) for entry in part} == {
        name
    }
    assert len({row.setting for row in report.rows}) == len(report.rows)
    for row in report.rows:
        assert row.ours_s > 0 and (row.ours_peak_mb is None or row.ours_peak_mb >= 0)
        assert (row.reference_s is None) == (row.ratio is None)
        if row.reference_s is not None:
            assert row.ratio == pytest.approx(row.reference_s / row.ours_s)
    if name == "views":
        (row,), (note,) = report.rows, report.notes
        assert row.reference_s and f"take {row.ours_s / row.reference_s:.1%} of" in note.sentence
    if name == "scaling":
        assert {line.variable for line in report.lines} == {"N", "B", "k"}
        assert {line.series.split(",")[0] for line in report.lines} == {"dense neighbours", "PointNet", "DGCNN"}
        assert sum(len(line.values) for line in report.lines) == len(report.rows)


def test_without_torch_cluster_the_rest_is_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    find_spec = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "torch_cluster" else find_spec(name))
    runner = Runner("neighbors", CPU, quick=True)
    neighbors.run(runner)
    assert "torch-cluster is not installed" in runner.report.notes[0].sentence
    settings = [row.setting for row in runner.report.rows if row.reference_s is not None]
    assert [(setting.split(",")[0], setting.split(", ")[-1]) for setting in settings] == [("tree", "against dense")]
    assert {row.setting.split(",")[0] for row in runner.report.rows} == {"dense", "auto", "tree"}


def test_coordinates_are_measured_on_both_sides_of_the_size_from_which_auto_uses_the_tree() -> None:
    auto = AutoNeighbors()
    points = [size for size, dimensions in neighbors.SIZES if dimensions == 3]
    assert {type(auto.choose(torch.empty(size, 3), [size])) for size in points} == {TreeNeighbors, DenseNeighbors}


def test_the_operations_of_products_are_counted() -> None:
    a, b = torch.randn(3, 4), torch.randn(4, 5)
    assert roofline.count_flops(lambda: a @ b) == 2 * 3 * 4 * 5
    layer, x = torch.nn.Linear(4, 5, bias=False), torch.randn(3, 4)
    # Forward, and backward to the weights; the input needs no gradient.
    assert roofline.count_flops(lambda: layer(x).sum().backward()) == 2 * (2 * 3 * 4 * 5)
    assert roofline.count_flops(lambda: a.exp().sum()) == 0


def test_in_place_products_are_counted() -> None:
    a, b, out = torch.ones(7, 3, 4), torch.ones(7, 4, 5), torch.zeros(7, 3, 5)
    assert roofline.count_flops(lambda: out[0].addmm_(a[0], b[0])) == 2 * 3 * 4 * 5
    assert roofline.count_flops(lambda: out.baddbmm_(a, b)) == 7 * 2 * 3 * 4 * 5
    assert torch.equal(out[:2], torch.tensor([[[8.0]], [[4.0]]]).expand(2, 3, 5))  # each was computed once


def test_products_of_clouds_shared_between_threads_are_counted() -> None:
    x, batch = torch.randn(60, 64), torch.arange(3).repeat_interleave(20)
    threads = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        found = roofline.count_flops(lambda: NEIGHBORS.build({"name": "dense"})(x, 4, batch, 3))
    finally:
        torch.set_num_threads(threads)
    assert found >= 2 * 3 * 20 * 20 * 64


def test_readers_are_compared_with_those_of_another_checkout() -> None:
    runner = Runner("reading", CPU, quick=True, against=ROOT)
    reading.run(runner)
    assert {row.setting.partition(",")[0] for row in runner.report.rows} >= {"commas.csv", "binary.ply", "array.npy"}
    assert all(row.reference_s is not None and row.reference_s > 0 for row in runner.report.rows)


def test_a_process_has_the_package_of_the_checkout_named_by_a_relative_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "checkout" / "conclu_pyg"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("SECONDS = 7.0\n")
    script = tmp_path / "scripts" / "once.py"
    script.parent.mkdir()
    script.write_text("import json, conclu_pyg\nprint(json.dumps({'seconds': conclu_pyg.SECONDS, 'peak_mb': 0.0}))\n")
    monkeypatch.chdir(tmp_path)
    assert reading.measure_process(script, Path("checkout")) == Measurement(7.0, 0.0)
