from pathlib import Path

import pytest
from rich.console import Console
from rich.markdown import Markdown

from benchmarks.report import Note, Report, Row, Run, write_report
from benchmarks.tables import (
    MARKED,
    MEMORY,
    RATIO,
    TIME,
    case_markdown,
    cells,
    format_quantity,
    machine_sentence,
    render_page,
    report_markdown,
    write_page,
)
from conclu_pyg.errors import ConcluError

ROOT = Path(__file__).resolve().parents[3]
ROW = Row("step", "DGCNN, [float32], against the reference implementation", 0.75, 4.5, 6.0, 250.0, 9000.0)
FACTS = {"device": "CPU", "cpu": "A Processor", "threads": 2, "torch": "2.13.0", "python": "3.11.7", "quick": False}
PAGE = """# Speed
Before.

<!-- benchmark: speed/a.json -->
old
<!-- /benchmark -->

Between.

<!-- benchmark: speed/b.json -->
<!-- /benchmark -->
After.
"""


@pytest.mark.parametrize(
    ("value", "units", "text"),
    [
        (None, TIME, "-"),
        (1.0, TIME, "1.00 s"),
        (0.9994, TIME, "999 ms"),
        (37.64, TIME, "37.6 s"),
        (0.0123, TIME, "12.3 ms"),
        (4.2e-6, TIME, "4.20 µs"),
        (1234.0, TIME, "1,234 s"),
        (0.0, MEMORY, "0.00 MB"),
        (35.24, MEMORY, "35.2 MB"),
        (999.0, MEMORY, "999 MB"),
        (10_500.0, MEMORY, "10.5 GB"),
        (0.5, RATIO, "0.50 x"),
        (12.34, RATIO, "12.3 x"),
    ],
)
def test_quantities_have_three_digits_in_a_suitable_unit(
    value: float | None, units: dict[str, float], text: str
) -> None:
    assert format_quantity(value, units) == text


def test_a_row_has_both_ratios() -> None:
    assert cells(ROW)[1:] == ["750 ms", "4.50 s", "6.00 x", "250 MB", "9.00 GB", "36.0 x"]


def test_missing_values_are_dashes() -> None:
    assert cells(Row("scaling", "small", 0.75))[1:] == ["750 ms", "-", "-", "-", "-", "-"]
    assert cells(Row("step", "small", 0.1, 0.2, 2.0, 0.0, 5.0))[-1] == "-"
    assert cells(Row("views", "small", 0.75, 4.5, 6.0, 250.0, 9000.0))[3::3] == ["-", "-"]


@pytest.mark.parametrize(("number", "words"), [(1, "1 thread,"), (2, "2 threads,")])
def test_one_thread_is_singular(number: int, words: str) -> None:
    assert f"A Processor, {words} PyTorch" in machine_sentence(Report({**FACTS, "threads": number}))


def test_quick_runs_and_devices_are_named() -> None:
    sentence = machine_sentence(Report({**FACTS, "quick": True, "device": "A Card", "cuda": "13.0"}))
    assert "Measured on A Card (CUDA 13.0) with A Processor" in sentence and "tiny sizes" in sentence


def make_report() -> Report:
    report = Report(dict(FACTS), rows=[ROW], notes=[Note("scaling", "Time grows.")])
    report.runs.extend(Run(case, "2026-01-02", f"tools/benchmark.py {case}", 61.4) for case in ("step", "scaling"))
    return report


def test_markdown_has_each_case_with_rows_notes_and_command() -> None:
    page = report_markdown(make_report())
    assert page.startswith("Measured on A Processor, 2 threads, PyTorch 2.13.0, Python 3.11.7.\n")
    step, scaling = page.split("### `step`")[1].split("### `scaling`")
    assert f"| {' | '.join(cells(ROW))} |" in step and "by `tools/benchmark.py step` in 61 s" in step
    assert "- Time grows.\n- Measured on 2026-01-02 by `tools/benchmark.py scaling`" in scaling and "|" not in scaling
    head, rule, row = [line for line in step.splitlines() if line.startswith("|")]
    assert head.count("|") == rule.count("|") == row.count("|")


@pytest.mark.parametrize("width", [80, 140])
def test_a_terminal_shows_every_figure(width: int, capsys: pytest.CaptureFixture[str]) -> None:
    report = make_report()
    Console(force_terminal=True, width=width, color_system=None).print(Markdown(case_markdown(report, report.runs[0])))
    out = capsys.readouterr().out
    assert all(figure in out for figure in cells(ROW)[1:]) and max(map(len, out.splitlines())) <= width
    assert "[float32]" in out


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "speed").mkdir()
    for name, case in {"a": "step", "b": "views"}.items():
        run = Run(case, "2026-01-01", f"tools/benchmark.py {case}", 1.0)
        write_report(tmp_path / "speed" / f"{name}.json", Report(FACTS, [run], [Row(case, name, 1.0)]))
    (tmp_path / "speed.md").write_text(PAGE)
    return tmp_path


def test_each_marker_gets_the_tables_of_its_file(folder: Path) -> None:
    write_page(folder / "speed.md")
    page = (folder / "speed.md").read_text()
    first, second = page.split("Between.")
    assert first.startswith("# Speed\nBefore.\n\n<!-- benchmark: speed/a.json -->\nMeasured on A Processor")
    assert "### `step`" in first and "old" not in first and "### `views`" in second and "`step`" not in second
    assert page.endswith("<!-- /benchmark -->\nAfter.\n")
    assert render_page(page, folder) == page


def test_the_documentation_has_the_tables_of_its_files() -> None:
    text = (ROOT / "docs" / "speed.md").read_text(encoding="utf-8")
    assert MARKED.findall(text)
    assert render_page(text, ROOT / "docs") == text


def test_a_page_without_markers_is_refused(folder: Path) -> None:
    with pytest.raises(ConcluError, match="has no benchmark markers; add the lines <!-- benchmark: FILE"):
        render_page("# Speed\n", folder)


def test_a_missing_file_is_named_and_leaves_the_page_unchanged(folder: Path) -> None:
    (folder / "speed" / "b.json").unlink()
    with pytest.raises(FileNotFoundError, match=r"b\.json"):
        write_page(folder / "speed.md")
    assert (folder / "speed.md").read_text() == PAGE
