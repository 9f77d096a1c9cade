import pytest
from rich.console import Console

from conclu_pyg.benchmarks.report import Note, Report, Row, Run
from conclu_pyg.benchmarks.table import (
    cells,
    machine_sentence,
    markdown_tables,
    memory_text,
    print_table,
    ratio_text,
    time_text,
)

ROW = Row("step", "DGCNN, [float32], against the plain form", 0.75, 4.5, 6.0, 250.0, 9000.0)
FACTS = {"device": "CPU", "cpu": "A Processor", "threads": 2, "torch": "2.13.0", "python": "3.11.7", "quick": False}


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (None, "-"),
        (1.0, "1.00 s"),
        (0.9994, "999 ms"),
        (37.64, "37.6 s"),
        (0.0123, "12.3 ms"),
        (4.2e-6, "4.20 µs"),
        (1234.0, "1,234 s"),
    ],
)
def test_times_have_the_unit_that_leaves_three_digits(seconds: float | None, text: str) -> None:
    assert time_text(seconds) == text


@pytest.mark.parametrize(
    ("megabytes", "text"), [(None, "-"), (0.0, "0.00 MB"), (35.24, "35.2 MB"), (999.0, "999 MB"), (10_500.0, "10.5 GB")]
)
def test_memory_is_in_megabytes_or_gigabytes(megabytes: float | None, text: str) -> None:
    assert memory_text(megabytes) == text


def test_ratios_are_times_what_is_compared() -> None:
    assert [ratio_text(ratio) for ratio in (None, 0.5, 12.34)] == ["-", "0.50 x", "12.3 x"]


def test_a_row_has_both_ratios() -> None:
    assert cells(ROW)[1:] == ["750 ms", "4.50 s", "6.00 x", "250 MB", "9.00 GB", "36.0 x"]


def test_what_there_is_none_of_is_a_dash() -> None:
    assert cells(Row("scaling", "small", 0.75))[1:] == ["750 ms", "-", "-", "-", "-", "-"]
    assert cells(Row("step", "small", 0.1, 0.2, 2.0, 0.0, 5.0))[-1] == "-"


@pytest.mark.parametrize("case", ["views", "roofline"])
def test_what_the_reference_does_not_replace_has_no_ratio(case: str) -> None:
    row = Row(case, "small", 0.75, 4.5, 6.0, 250.0, 9000.0)
    assert cells(row)[1:] == ["750 ms", "4.50 s", "-", "250 MB", "9.00 GB", "-"]


@pytest.mark.parametrize(("number", "words"), [(1, "1 thread,"), (2, "2 threads,")])
def test_one_thread_is_no_threads(number: int, words: str) -> None:
    assert f"A Processor, {words} PyTorch" in machine_sentence(Report({**FACTS, "threads": number}))


@pytest.mark.parametrize("width", [80, 140])
def test_the_table_shows_every_figure_at_any_width(
    width: int, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal = Console(force_terminal=True, width=width, markup=False, color_system=None)
    monkeypatch.setattr("conclu_pyg.benchmarks.table.console", terminal)
    print_table("step", [ROW])
    out = capsys.readouterr().out
    assert all(figure in out for figure in cells(ROW)[1:]) and max(map(len, out.splitlines())) <= width
    assert "[float32]" in out.replace("\n", "")


def test_markdown_has_each_case_with_its_rows_sentences_and_command() -> None:
    report = Report(dict(FACTS))
    for case in ("step", "scaling"):
        report.add(Run(case, "2026-01-02", f"tools/benchmark.py {case}", 61.4))
    report.add(ROW)
    report.add(Note("scaling", "Time grows."))
    page = markdown_tables(report)
    assert page.startswith("Measured on A Processor, 2 threads, PyTorch 2.13.0, Python 3.11.7.\n")
    step, scaling = page.split("### `step`")[1].split("### `scaling`")
    assert f"| {' | '.join(cells(ROW))} |" in step and "by `tools/benchmark.py step` in 61 s" in step
    assert "- Time grows.\n- Measured on 2026-01-02 by `tools/benchmark.py scaling`" in scaling and "|" not in scaling
    head, rule, row = [line for line in step.splitlines() if line.startswith("|")]
    assert head.count("|") == rule.count("|") == row.count("|")


def test_figures_of_tiny_sizes_say_so_and_devices_are_named() -> None:
    page = markdown_tables(Report({**FACTS, "quick": True, "device": "A Card", "cuda": "13.0"}))
    assert "Measured on A Card (CUDA 13.0) with A Processor" in page and "tiny sizes" in page
