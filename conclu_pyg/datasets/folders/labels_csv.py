"""Classes and splits from a CSV file."""

from __future__ import annotations

import csv
import io
import os
from pathlib import Path
from typing import NamedTuple

from conclu_pyg.datasets.folders.folder_names import SPLITS
from conclu_pyg.errors import DataError
from conclu_pyg.io.find_files import missing_path
from conclu_pyg.text import from_cell

MAX_BYTES = 1 << 28
FORM = "expected the columns file and class, and optionally split"


class Row(NamedTuple):
    """A row of the table.

    Attributes:
        line: its number, from 1.
        file: the file as it is written.
        name: the class.
        split: the split; ``None`` if the table has no such column.
    """

    line: int
    file: str
    name: str
    split: str | None


def read_labels(path: Path) -> list[Row]:
    """Reads a table with the columns ``file``, ``class`` and, optionally, ``split``, in any order and among others.

    The columns are separated by commas, semicolons or tabs. Rows without a class are left out.

    Args:
        path: the file.

    Raises:
        DataError: it is missing, too large, no text, or has other columns; a row without a file; a file that is listed
            twice; a split other than train, val and test.
    """
    text = _read_text(path)
    delimiter = max(",;\t", key=text.partition("\n")[0].count)
    table = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    rows: list[Row] = []
    seen: dict[str, int] = {}
    try:
        header = [name.strip().lower() for name in next(table, [])]
        if "file" not in header or "class" not in header or len(set(header)) < len(header):
            raise DataError(f"{path}: {FORM}, got {', '.join(header) or 'none'}.", file=path, got=header)
        for cells in table:
            if not any(cell.strip() for cell in cells):
                continue
            line = table.line_num
            if any(cell.strip() for cell in cells[len(header) :]):
                raise DataError(
                    f"{path}, line {line}: expected {len(header)} columns as in the first line, got {len(cells)}; put "
                    "names with the separator in quotes.",
                    file=path,
                    got=len(cells),
                )
            values = dict(zip(header, (from_cell(cell.strip()) for cell in cells), strict=False))
            file, name = values.get("file", ""), values.get("class", "")
            if not file:
                raise DataError(f"{path}, line {line}: the file is missing; {FORM}.", file=path)
            if file in seen:
                raise DataError(
                    f"{path}, line {line}: {file} is listed in line {seen[file]} already; remove one of the lines.",
                    file=path,
                    got=file,
                )
            seen[file] = line
            if not name:
                continue
            split = values.get("split", "").casefold() if "split" in header else None
            if split is not None and split not in SPLITS:
                raise DataError(
                    f"{path}, line {line}: the split must be {', '.join(SPLITS[:-1])} or {SPLITS[-1]}, got {split!r}.",
                    file=path,
                    got=split,
                )
            rows.append(Row(line, file, name, split))
    except csv.Error as error:
        raise DataError(f"{path}, line {table.line_num} cannot be read ({error}); {FORM}.", file=path) from error
    if not rows:
        raise DataError(f"{path} has no row with a file and a class; {FORM}.", file=path)
    return rows


def _read_text(path: Path) -> str:
    if not path.is_file():
        raise DataError(f"labels: {missing_path(path)}", argument="labels", file=path)
    size = path.stat().st_size
    if size > MAX_BYTES:
        raise DataError(f"{path} has {size:,} bytes, more than the maximum of {MAX_BYTES:,}.", file=path)
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            return file.read()
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path} cannot be read as a table in UTF-8 ({error}); {FORM}.", file=path) from error


def match_files(rows: list[Row], path: Path, base: Path, names: list[str]) -> dict[int, Row]:
    """Returns the row of each file that the table names, by the position of the file.

    Args:
        rows: of the table.
        path: the table. Its files are relative to ``base`` or to its own folder, or absolute.
        base: the folder of the files.
        names: of the files, relative to ``base``.

    Raises:
        DataError: a row names a file that is not among them, or two rows the same one.
    """
    places = {name: index for index, name in enumerate(names)}
    start, folder = os.path.join(os.path.abspath(base), ""), os.path.abspath(path.parent)
    found: dict[int, Row] = {}
    missing: list[Row] = []
    for row in rows:
        written = os.path.normpath(row.file)
        place = places.get(written.replace(os.sep, "/"))
        if place is None:
            whole = os.path.normpath(os.path.join(folder, written))
            place = places.get(whole[len(start) :].replace(os.sep, "/")) if whole.startswith(start) else None
        if place is None:
            missing.append(row)
        elif place in found:
            raise DataError(
                f"{path}, line {row.line}: {row.file} is the file of line {found[place].line}; remove one of "
                "the lines.",
                file=path,
                got=row.file,
            )
        else:
            found[place] = row
    if missing:
        raise DataError(
            f"{path} lists {len(rows):,} files, of which {len(missing):,} are not among the clouds of {base} (the "
            f"first: {missing[0].file}, line {missing[0].line}); write files relative to {base} or to the folder of "
            "the table, and remove lines of files that are gone.",
            file=path,
            got=missing[0].file,
        )
    return found
