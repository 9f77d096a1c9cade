import json
import math
from pathlib import Path

import pytest

from conclu_pyg.benchmarks.report import Line, Note, Report, Row, Run, fit_exponent, read_report, write_report
from conclu_pyg.errors import ConcluError

KEYS = ["case", "setting", "ours_s", "reference_s", "ratio", "ours_peak_mb", "reference_peak_mb"]


def a_report() -> Report:
    report = Report({"device": "CPU", "torch": "2.13.0"})
    for case in ("neighbors", "scaling"):
        report.add(Run(case, "2026-01-01", f"tools/benchmark.py {case}", 3.0))
        report.add(Row(case, "small", 0.1, 0.4, 4.0, 2.0, None))
        report.add(Note(case, "A sentence."))
    report.add(Line("scaling", "DGCNN", "N", [1, 2], [0.1, 0.2], [1.0, 1.0], 1.0, None))
    return report


def test_a_report_is_read_as_it_was_written(tmp_path: Path) -> None:
    write_report(tmp_path / "a.json", a_report())
    assert read_report(tmp_path / "a.json") == a_report()


def test_rows_have_these_keys_and_null_where_there_is_nothing(tmp_path: Path) -> None:
    write_report(tmp_path / "a.json", a_report())
    content = json.loads((tmp_path / "a.json").read_text())
    assert content["machine"] == {"device": "CPU", "torch": "2.13.0"}
    assert [list(row) for row in content["rows"]] == [KEYS, KEYS]
    assert content["rows"][0]["reference_peak_mb"] is None
    assert content["runs"][0] == {
        "case": "neighbors",
        "date": "2026-01-01",
        "command": "tools/benchmark.py neighbors",
        "seconds": 3.0,
    }


def test_cases_are_taken_out_whole() -> None:
    rest = a_report().without(["scaling"])
    assert {entry.case for part in (rest.runs, rest.rows, rest.lines, rest.notes) for entry in part} == {"neighbors"}
    assert a_report().without(["views"]) == a_report()


@pytest.mark.parametrize("exponent", [-1.0, 0.0, 1.0, 2.5])
def test_the_exponent_of_a_power_law_is_found(exponent: float) -> None:
    values = [3, 9, 20, 500]
    assert fit_exponent(values, [7 * value**exponent for value in values]) == pytest.approx(exponent, abs=1e-9)


def test_an_exponent_is_the_slope_between_two_points_that_scatter() -> None:
    # ln 2 and ln 4 on the way, 1, 3, 3 as values: the least-squares slope by hand is ln 3 / (2 ln 2).
    assert fit_exponent([1, 2, 4], [1, 3, 3]) == pytest.approx(math.log(3) / math.log(4))


@pytest.mark.parametrize(("values", "measured"), [([4], [1.0]), ([1, 2], [0.0, 1.0]), ([], [])])
def test_without_two_positive_points_there_is_no_exponent(values: list[int], measured: list[float]) -> None:
    assert fit_exponent(values, measured) is None


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"machine": {}, "runs": [], "rows": [{"case": "a"}]}'])
def test_other_files_are_refused(content: str, tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(content)
    with pytest.raises(ConcluError, match=r"a\.json is no file of tools/benchmark\.py"):
        read_report(tmp_path / "a.json")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConcluError, match=r"nowhere\.json cannot be read: No such file"):
        read_report(tmp_path / "nowhere.json")
