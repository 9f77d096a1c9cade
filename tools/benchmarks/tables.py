"""Markdown tables of a report, for the terminal and for pages of the documentation."""

import re
from collections.abc import Mapping
from pathlib import Path

from benchmarks.report import Report, Row, Run, read_report
from conclu_pyg.errors import ConcluError
from conclu_pyg.files import atomic_write

COLUMNS = ["setting", "ours", "reference", "ratio", "peak", "reference", "ratio"]
ALIGNMENT = ["---"] + ["---:"] * 6
RATIO_NOTE = "Ratios of time and of peak memory are the reference's figure divided by ours."
TIME, MEMORY, RATIO = {"s": 1.0, "ms": 1e-3, "µs": 1e-6}, {"GB": 1e3, "MB": 1.0}, {"x": 1.0}
MARKED = re.compile(r"(<!-- benchmark: (\S+) -->\n).*?(<!-- /benchmark -->)", re.DOTALL)


def report_markdown(report: Report) -> str:
    """Return the machine and all cases of a report."""
    return "\n\n".join([machine_sentence(report), RATIO_NOTE, *(case_markdown(report, run) for run in report.runs)])


def machine_sentence(report: Report) -> str:
    """Return the machine and versions that the figures depend on."""
    facts = report.machine
    device = "" if facts["device"] == "CPU" else f"{facts['device']} (CUDA {facts.get('cuda')}) with "
    threads = "1 thread" if facts["threads"] == 1 else f"{facts['threads']} threads"
    quick = ", tiny sizes (--quick): not representative" if facts.get("quick") else ""
    return f"Measured on {device}{facts['cpu']}, {threads}, PyTorch {facts['torch']}, Python {facts['python']}{quick}."


def case_markdown(report: Report, run: Run) -> str:
    """Return a heading, the rows, the notes and the command of a case."""
    rows = [cells(row) for row in report.rows if row.case == run.case]
    table = [f"| {' | '.join(row)} |" for row in ([COLUMNS, ALIGNMENT, *rows] if rows else [])]
    notes = [f"- {note.sentence}" for note in report.notes if note.case == run.case]
    notes.append(f"- Measured on {run.date} by `{run.command}` in {run.seconds:,.0f} s.")
    return "\n\n".join(filter(None, [f"### `{run.case}`", "\n".join(table), "\n".join(notes)]))


def cells(row: Row) -> list[str]:
    """Return the texts of :data:`COLUMNS`, with ``-`` for missing values."""
    time_ratio, memory_ratio = row.ratios
    values = (row.ours_s, row.reference_s, time_ratio, row.ours_peak_mb, row.reference_peak_mb, memory_ratio)
    return [row.setting, *map(format_quantity, values, (TIME, TIME, RATIO, MEMORY, MEMORY, RATIO))]


def format_quantity(value: float | None, units: Mapping[str, float]) -> str:
    """Return a value with three digits in the largest unit in which it is at least 1, or in the smallest unit.

    Args:
        value: None gives ``-``.
        units: scales by name, in descending order.
    """
    if value is None:
        return "-"
    unit, scale = next((item for item in units.items() if value >= item[1]), list(units.items())[-1])
    digits = 0 if value >= 100 * scale else 1 if value >= 10 * scale else 2
    return f"{value / scale:,.{digits}f} {unit}"


def render_page(text: str, folder: Path) -> str:
    """Return a Markdown page with the tables between each ``<!-- benchmark: FILE -->`` and ``<!-- /benchmark -->``.

    Args:
        text: the page.
        folder: base of the relative file names.

    Raises:
        ConcluError: there are no markers, or a file has other contents.
    """
    if not MARKED.search(text):
        raise ConcluError(
            "the page has no benchmark markers; add the lines <!-- benchmark: FILE.json --> and <!-- /benchmark -->."
        )
    return MARKED.sub(lambda match: f"{match[1]}{report_markdown(read_report(folder / match[2]))}\n{match[3]}", text)


def write_page(path: Path) -> None:
    """Render a page in place."""
    page = render_page(path.read_text(encoding="utf-8"), path.parent)
    with atomic_write(path) as file:
        file.write(page.encode())
