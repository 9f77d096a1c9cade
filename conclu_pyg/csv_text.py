"""Lines of CSV files: comma, quotes where needed, and a line feed at the end on every system."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence


def csv_line(cells: Sequence[object]) -> str:
    """Returns a line of a CSV file, with its line feed. A cell is written as it is; :func:`conclu_pyg.text.to_cell`
    makes names of users harmless."""
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerow(cells)
    return text.getvalue()
