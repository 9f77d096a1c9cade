import json
from pathlib import Path

import pytest

from benchmarks.report import Line, Note, Report, Row, Run, read_report, start_report, write_report
from conclu_pyg.errors import ConcluError

KEYS = ["case", "setting", "ours_s", "reference_s", "ratio", "ours_peak_mb", "reference_peak_mb"]
MACHINE = {"device": "CPU", "torch": "2.13.0"}


def make_report() -> Report:
    report = Report(dict(MACHINE))
    for case in ("neighbors", "scaling"):
        report.runs.append(Run(case, "2026-01-01", f"tools/benchmark.py {case}", 3.0))
        report.rows.append(Row(case, "small", 0.1, 0.4, 4.0, 2.0, None))
        report.notes.append(Note(case, "A sentence."))
    report.lines.append(Line("scaling", "DGCNN", "N", [1, 2], [0.1, 0.2], [1.0, 1.0], 1.0, None))
    return report


@pytest.fixture
def path(tmp_path: Path) -> Path:
    write_report(tmp_path / "a.json", make_report())
    return tmp_path / "a.json"


def test_a_report_survives_writing_and_reading(path: Path) -> None:
    assert read_report(path) == make_report()


def test_rows_have_these_keys_and_null_for_missing_values(path: Path) -> None:
    content = json.loads(path.read_text())
    assert content["machine"] == MACHINE
    assert [list(row) for row in content["rows"]] == [KEYS, KEYS]
    assert content["rows"][0]["reference_peak_mb"] is None
    run = {"case": "neighbors", "date": "2026-01-01", "command": "tools/benchmark.py neighbors", "seconds": 3.0}
    assert content["runs"][0] == run


@pytest.mark.parametrize("case", ["views", "roofline"])
def test_a_missing_reference_gives_no_ratio(case: str) -> None:
    values = ("small", 0.75, 4.5, 6.0, 250.0, 9000.0)
    assert Row(case, *values).ratios == (None, None) and Row("step", *values).ratios == (6.0, 36.0)


def test_other_cases_of_the_file_are_kept(path: Path) -> None:
    report = start_report(path, dict(MACHINE), ["scaling"])
    assert {entry.case for part in (report.runs, report.rows, report.notes) for entry in part} == {"neighbors"}
    assert report.lines == []
    assert start_report(path, dict(MACHINE), ["views"]) == make_report()


@pytest.mark.parametrize(("key", "value"), [("torch", "1.0"), ("quick", True)])
def test_figures_of_different_machines_are_not_mixed(key: str, value: object, path: Path) -> None:
    machine = {**MACHINE, key: value}
    with pytest.raises(ConcluError, match=rf"a\.json has cases measured with {key}=.*, but now {key}={value!r}; "):
        start_report(path, machine, ["scaling"])
    assert start_report(path, machine, ["scaling", "neighbors"]) == Report(machine)
    assert read_report(path) == make_report()


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"machine": {}, "runs": [], "rows": [{"case": "a"}]}'])
def test_other_files_are_refused(content: str, tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(content)
    with pytest.raises(ConcluError, match=r"a\.json was not written by tools/benchmark\.py"):
        read_report(tmp_path / "a.json")
