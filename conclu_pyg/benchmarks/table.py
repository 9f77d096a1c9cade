"""What was measured as tables for people: on the terminal, and in Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich import box
from rich.console import Console
from rich.table import Table

from conclu_pyg.benchmarks.report import Report, Row
from conclu_pyg.progress import console

HEADS = ("setting", "ours", "reference", "ratio", "peak", "reference", "ratio")
RATIO_NOTE = "Times of a call and peaks of its memory are ours and the reference's; a ratio is the reference's by ours."
LOG_WIDTH = 140  # of tables where there is no terminal that says how wide it is


def print_table(case: str, rows: Iterable[Row]) -> None:
    """Prints the rows of a case with their units."""
    table = Table(title=case, title_justify="left", title_style="bold", box=box.SIMPLE, pad_edge=False)
    table.add_column(HEADS[0], overflow="fold")
    for head in HEADS[1:]:
        table.add_column(head, justify="right", no_wrap=True)
    for row in rows:
        table.add_row(*cells(row))
    screen = console if console.is_terminal else Console(width=LOG_WIDTH, highlight=False, markup=False, emoji=False)
    screen.print(table)


def markdown_tables(report: Report) -> str:
    """Every case of a report: a heading, its rows, its sentences and the command that measured it."""
    parts = [machine_sentence(report), RATIO_NOTE]
    for run in report.runs:
        rows = [row for row in report.rows if row.case == run.case]
        parts.append(f"### `{run.case}`")
        if rows:
            parts.append(_markdown(rows))
        sentences = [f"- {note.sentence}" for note in report.notes if note.case == run.case]
        parts.append("\n".join([*sentences, f"- Measured on {run.date} by `{run.command}` in {run.seconds:,.0f} s."]))
    return "\n\n".join(parts)


def machine_sentence(report: Report) -> str:
    """The facts that the figures depend on."""
    facts = report.machine
    device = "" if facts["device"] == "CPU" else f"{facts['device']} (CUDA {facts.get('cuda')}) with "
    threads = "1 thread" if facts["threads"] == 1 else f"{facts['threads']} threads"
    quick = ", tiny sizes (--quick): no figure to go by" if facts.get("quick") else ""
    return f"Measured on {device}{facts['cpu']}, {threads}, PyTorch {facts['torch']}, Python {facts['python']}{quick}."


def cells(row: Row) -> list[str]:
    """The columns of :data:`HEADS`, with ``-`` where there is nothing, or no ratio that says anything."""
    memory_ratio = row.reference_peak_mb / row.ours_peak_mb if row.reference_peak_mb and row.ours_peak_mb else None
    ratio, memory_ratio = (row.ratio, memory_ratio) if row.compares else (None, None)
    return [
        row.setting,
        time_text(row.ours_s),
        time_text(row.reference_s),
        ratio_text(ratio),
        memory_text(row.ours_peak_mb),
        memory_text(row.reference_peak_mb),
        ratio_text(memory_ratio),
    ]


def time_text(seconds: float | None) -> str:
    """In the unit that leaves a number one can read, with three digits."""
    if seconds is None:
        return "-"
    for unit, scale in (("s", 1.0), ("ms", 1e-3)):
        if seconds >= scale:
            return f"{_three_digits(seconds / scale)} {unit}"
    return f"{_three_digits(seconds / 1e-6)} µs"


def memory_text(megabytes: float | None) -> str:
    if megabytes is None:
        return "-"
    return f"{_three_digits(megabytes / 1e3)} GB" if megabytes >= 1e3 else f"{_three_digits(megabytes)} MB"


def ratio_text(ratio: float | None) -> str:
    return "-" if ratio is None else f"{_three_digits(ratio)} x"


def _three_digits(value: float) -> str:
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def _markdown(rows: Sequence[Row]) -> str:
    head = [f"| {' | '.join(HEADS)} |", f"|---|{'---:|' * (len(HEADS) - 1)}"]
    return "\n".join([*head, *(f"| {' | '.join(cells(row))} |" for row in rows)])
