"""Labels of clouds by their names: from the folders they are in, or from a table."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

from conclu_pyg.errors import DataError
from conclu_pyg.text import from_cell, printable

FOLDERS = "folders"
MAX_BYTES = 1 << 28


def labels_of(names: Sequence[str], source: str | Path | None) -> list[str] | None:
    """Returns the label of each cloud, empty where it has none.

    Args:
        names: the names of the clouds, as an index has them.
        source: ``folders`` for the first folder of each name; or a CSV file with the columns ``file`` and ``class``,
            whose files are names of clouds or of their files; ``None`` for no labels.

    Returns:
        ``None`` without a source.

    Raises:
        DataError: the table cannot be read, or names no cloud.
    """
    if source is None:
        return None
    if source == FOLDERS:
        return [name.split("/", 1)[0] if "/" in name else "" for name in names]
    table = _read(Path(source))
    found = [table.get(printable(name), table.get(printable(name.rpartition(":")[0]), "")) for name in names]
    if names and not any(found):
        raise DataError(
            f"{source}: expected names such as {printable(names[0])!r} in the column file, got "
            f"{next(iter(table), 'none')!r}; no cloud has a label.",
            file=source,
        )
    return found


def _read(path: Path) -> dict[str, str]:
    try:
        if path.stat().st_size > MAX_BYTES:
            raise DataError(f"{path} has more than the maximum of {MAX_BYTES:,} bytes; split it.", file=path)
        with path.open(newline="", encoding="utf-8-sig") as file:
            rows = csv.DictReader(file)
            columns = rows.fieldnames or []
            if not {"file", "class"} <= set(columns):
                raise DataError(
                    f"{path}: expected the columns file and class, got {', '.join(map(repr, columns))[:80] or 'none'}.",
                    file=path,
                    got=columns,
                )
            return {from_cell(row["file"] or ""): from_cell(row["class"] or "") for row in rows}
    except OSError as error:
        raise DataError(f"{path} cannot be read ({error.strerror}); check the path.", file=path) from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{path} is no CSV table in UTF-8 ({error}); save it as one.", file=path) from error
