"""Every case from end to end, in tiny sizes."""

import importlib.resources
import importlib.util
from types import ModuleType

import pytest
import torch

from conclu_pyg.benchmarks import cases as cases_package
from conclu_pyg.benchmarks.bench import Bench, Entry
from conclu_pyg.benchmarks.cases import neighbors, roofline, scaling, step, views
from conclu_pyg.benchmarks.measure import Call, Measured
from conclu_pyg.benchmarks.passes import TrainingStep
from conclu_pyg.benchmarks.report import Line, Note, Row
from conclu_pyg.benchmarks.run import CASES
from conclu_pyg.neighbors.auto import AutoNeighbors
from conclu_pyg.neighbors.dense import DenseNeighbors
from conclu_pyg.neighbors.tree import TreeNeighbors

CPU = torch.device("cpu")


def case_module(name: str) -> ModuleType:
    return importlib.import_module(f"{cases_package.__name__}.{name}")


def rows_of(entries: list[Entry]) -> list[Row]:
    return [entry for entry in entries if isinstance(entry, Row)]


def sentences_of(entries: list[Entry]) -> str:
    return " ".join(entry.sentence for entry in entries if isinstance(entry, Note))


@pytest.mark.parametrize("name", CASES)
def test_a_case_gives_rows_of_its_own(name: str) -> None:
    said: list[str] = []
    entries = list(case_module(name).run(Bench(CPU, quick=True, say=said.append)))
    rows = rows_of(entries)
    assert rows and said and {entry.case for entry in entries} == {name}
    assert len({row.setting for row in rows}) == len(rows)
    for row in rows:
        assert row.ours_s > 0 and (row.ours_peak_mb is None or row.ours_peak_mb >= 0)
        assert (row.reference_s is None) == (row.ratio is None)
        if row.reference_s is not None:
            assert row.ratio == pytest.approx(row.reference_s / row.ours_s)


def test_every_file_of_cases_is_a_case() -> None:
    files = {path.stem for path in importlib.resources.files(cases_package).iterdir()}
    assert files - {"__init__", "__pycache__"} == set(CASES)
    assert all(name == case_module(name).CASE for name in CASES)


def test_without_torch_cluster_the_rest_is_measured_and_it_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    found = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "torch_cluster" else found(name))
    entries = list(neighbors.run(Bench(CPU, quick=True)))
    assert "torch-cluster is not installed" in sentences_of(entries)
    compared = [row.setting for row in rows_of(entries) if row.reference_s is not None]
    assert [(setting.split(",")[0], setting.split(", ")[-1]) for setting in compared] == [("tree", "against dense")]
    assert {row.setting.split(",")[0] for row in rows_of(entries)} == {"dense", "auto", "tree"}


def test_coordinates_are_measured_on_both_sides_of_where_auto_turns_to_the_tree() -> None:
    auto = AutoNeighbors()
    points = [size for size, dimensions in neighbors.SIZES if dimensions == 3]
    assert {type(auto.choose(torch.empty(size, 3), [size])) for size in points} == {TreeNeighbors, DenseNeighbors}


@pytest.mark.parametrize("module", [step, roofline])
def test_bf16_is_measured_where_the_device_multiplies_it(module: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    # bfloat16 is slow where it is not multiplied: the steps themselves are in test_passes.py.
    monkeypatch.setattr(Bench, "measure", lambda self, calls: {name: Measured(2.0, 1.0) for name in calls})
    monkeypatch.setattr(roofline, "product_peak", lambda device, dtype, size, budget: 1e9)
    monkeypatch.setattr(roofline, "count_flops", lambda call: 10**9)
    monkeypatch.setattr(module, "multiplies_bf16", lambda device: True)
    entries = list(module.run(Bench(CPU, quick=True)))
    halves = [row for row in rows_of(entries) if ", bf16" in row.setting]
    assert {row.setting.split(",")[0] for row in halves} == {"PointNet", "DGCNN"}
    monkeypatch.setattr(module, "multiplies_bf16", lambda device: False)
    entries = list(module.run(Bench(CPU, quick=True)))
    assert not [row for row in rows_of(entries) if ", bf16" in row.setting]
    assert "bf16 is left out" in sentences_of(entries)


@pytest.mark.parametrize("module", [step, roofline])
def test_a_step_is_measured_on_two_views_that_differ(module: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    steps: list[TrainingStep] = []

    def measure(bench: Bench, calls: dict[str, Call]) -> dict[str, Measured]:
        steps.extend(call for call in calls.values() if isinstance(call, TrainingStep))
        return {name: Measured(2.0, 1.0) for name in calls}

    monkeypatch.setattr(Bench, "measure", measure)
    monkeypatch.setattr(roofline, "product_peak", lambda device, dtype, size, budget: 1e9)
    monkeypatch.setattr(roofline, "count_flops", lambda call: 10**9)
    list(module.run(Bench(CPU, quick=True)))
    assert steps
    for first, second in (found.views for found in steps):
        assert first.pos.shape == second.pos.shape and not torch.equal(first.pos, second.pos)


def test_the_views_are_a_share_of_the_step() -> None:
    (row, note) = views.run(Bench(CPU, quick=True))
    assert isinstance(row, Row) and isinstance(note, Note) and row.reference_s
    assert f"take {row.ours_s / row.reference_s:.1%} of" in note.sentence


def test_scaling_has_lines_for_points_clouds_and_neighbors() -> None:
    entries = list(scaling.run(Bench(CPU, quick=True)))
    lines = [entry for entry in entries if isinstance(entry, Line)]
    assert {line.variable for line in lines} == {"N", "B", "k"}
    assert {line.series.split(",")[0] for line in lines} == {"dense neighbours", "PointNet", "DGCNN"}
    assert sum(len(line.values) for line in lines) == len(rows_of(entries))


def test_the_operations_of_products_are_counted() -> None:
    a, b = torch.randn(3, 4), torch.randn(4, 5)
    assert roofline.count_flops(lambda: a @ b) == 2 * 3 * 4 * 5
    layer, x = torch.nn.Linear(4, 5, bias=False), torch.randn(3, 4)
    # Forward, and backward to the weights; the input needs no gradient.
    assert roofline.count_flops(lambda: layer(x).sum().backward()) == 2 * (2 * 3 * 4 * 5)
    assert roofline.count_flops(lambda: a.exp().sum()) == 0


def test_products_that_are_added_in_place_are_counted() -> None:
    a, b, out = torch.ones(7, 3, 4), torch.ones(7, 4, 5), torch.zeros(7, 3, 5)
    assert roofline.count_flops(lambda: out[0].addmm_(a[0], b[0])) == 2 * 3 * 4 * 5
    assert roofline.count_flops(lambda: out.baddbmm_(a, b)) == 7 * 2 * 3 * 4 * 5
    assert torch.equal(out[:2], torch.tensor([[[8.0]], [[4.0]]]).expand(2, 3, 5))  # counted, and done once each


def test_what_clouds_shared_between_threads_multiply_is_counted() -> None:
    from conclu_pyg.registry import NEIGHBORS

    x, batch = torch.randn(60, 64), torch.arange(3).repeat_interleave(20)
    threads = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        found = roofline.count_flops(lambda: NEIGHBORS.build({"name": "dense"})(x, 4, batch, 3))
    finally:
        torch.set_num_threads(threads)
    assert found >= 2 * 3 * 20 * 20 * 64
