"""The order of cases, and the files; the cases themselves are replaced by two that take no time."""

import importlib
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from conclu_pyg.benchmarks import run as run_module
from conclu_pyg.benchmarks.bench import Bench, Entry
from conclu_pyg.benchmarks.report import Line, Note, Row, read_report, write_report
from conclu_pyg.benchmarks.run import CASES, check_names, run_benchmarks
from conclu_pyg.errors import ConcluError, ConfigError


@pytest.fixture(autouse=True)
def measured(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, Bench]]:
    """The cases that were run, with what they were given."""
    measured: list[tuple[str, Bench]] = []

    def load(path: str) -> SimpleNamespace:
        name = path.rpartition(".")[2]

        def run(bench: Bench) -> Iterator[Entry]:
            measured.append((name, bench))
            bench.say("going on")
            yield Row(name, f"run {len(measured)}", 1.0, 2.0, 2.0, 1.0, 1.0)
            yield Note(name, f"A sentence on {name}.")
            if name == "scaling":
                yield Line(name, "DGCNN", "N", [1, 2], [1.0, 2.0], [1.0, 2.0], 1.0, 1.0)

        return SimpleNamespace(run=run)

    monkeypatch.setattr(run_module, "importlib", SimpleNamespace(import_module=load))
    return measured


def test_all_cases_are_measured_where_none_is_named(measured: list[tuple[str, Bench]]) -> None:
    run_benchmarks()
    assert [name for name, _ in measured] == list(CASES)


def test_named_cases_are_measured_once_each_in_the_tables_order(measured: list[tuple[str, Bench]]) -> None:
    run_benchmarks(["step", "neighbors", "step"], quick=True)
    assert [name for name, _ in measured] == ["neighbors", "step"]
    assert all(bench.quick and bench.device == torch.device("cpu") for _, bench in measured)


def test_an_unknown_case_is_refused_with_the_nearest_one() -> None:
    message = r"^there is no benchmark 'edgeconv'; did you mean 'edge_conv'\? There are: neighbors, edge_conv, "
    with pytest.raises(ConfigError, match=message):
        check_names(["step", "edgeconv"])


def test_tables_and_sentences_are_shown(capsys: pytest.CaptureFixture[str]) -> None:
    run_benchmarks(["step"])
    out = capsys.readouterr().out
    assert "measuring step" in out and "run 1" in out and "step: A sentence on step." in out


def test_the_file_has_rows_and_the_facts_and_keeps_its_other_cases(tmp_path: Path) -> None:
    path = tmp_path / "new" / "folder" / "a.json"
    run_benchmarks(["step", "scaling"], path)
    first = read_report(path)
    run_benchmarks(["step"], path)
    second = read_report(path)
    assert second.machine == first.machine and second.machine["quick"] is False
    assert [(row.case, row.setting) for row in second.rows] == [("scaling", "run 2"), ("step", "run 3")]
    assert [run.case for run in second.runs] == ["scaling", "step"] and len(second.notes) == 2
    assert second.lines == first.lines != []


def test_what_is_done_is_kept_when_a_later_case_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def load(path: str) -> SimpleNamespace:
        def run(bench: Bench) -> Iterator[Entry]:
            if path.endswith("views"):
                raise KeyboardInterrupt
            yield Row("step", "done", 1.0)

        return SimpleNamespace(run=run)

    monkeypatch.setattr(run_module, "CASES", ("step", "views"))
    monkeypatch.setattr(run_module, "importlib", SimpleNamespace(import_module=load))
    with pytest.raises(KeyboardInterrupt):
        run_benchmarks([], tmp_path / "a.json")
    assert [row.setting for row in read_report(tmp_path / "a.json").rows] == ["done"]


@pytest.mark.parametrize(("key", "value"), [("cpu", "another"), ("torch", "1.0"), ("quick", True), ("threads", 99)])
def test_figures_of_another_machine_are_not_mixed_in(
    key: str, value: object, tmp_path: Path, measured: list[tuple[str, Bench]]
) -> None:
    path = tmp_path / "a.json"
    run_benchmarks(["step"], path)
    report = read_report(path)
    report.machine[key] = value
    write_report(path, report)
    with pytest.raises(ConcluError, match=rf"a\.json has cases measured with {key}={value!r}, here it is "):
        run_benchmarks(["views"], path)
    assert [name for name, _ in measured] == ["step"]
    run_benchmarks(["step"], path)  # all its cases anew
    assert read_report(path).machine[key] != value


def test_a_file_that_cannot_be_written_is_known_before_measuring(
    tmp_path: Path, measured: list[tuple[str, Bench]]
) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ConcluError, match=r"^.*file/a\.json cannot be written: .*; give another path\.$"):
        run_benchmarks(["step"], tmp_path / "file" / "a.json")
    with pytest.raises(ConcluError, match=r"cannot be written: it is a folder; give another path\.$"):
        run_benchmarks(["step"], tmp_path)
    with pytest.raises(ConcluError, match=r"^.*file/picture\.png cannot be written"):
        run_benchmarks(["step"], plots=tmp_path / "file")
    (tmp_path / "b.json").write_text("notes of mine")
    with pytest.raises(ConcluError, match=r"b\.json is no file of tools/benchmark\.py"):
        run_benchmarks(["step"], tmp_path / "b.json")
    assert measured == [] and (tmp_path / "b.json").read_text() == "notes of mine"


def test_pictures_are_drawn_of_the_whole_file(tmp_path: Path) -> None:
    run_benchmarks(["scaling"], tmp_path / "a.json")
    run_benchmarks(["step"], tmp_path / "a.json", plots=tmp_path / "plots")
    assert {path.name for path in (tmp_path / "plots").iterdir()} == {"ratios.png", "scaling.png"}


def test_cases_are_modules() -> None:
    assert all(callable(importlib.import_module(f"conclu_pyg.benchmarks.cases.{name}").run) for name in CASES)
