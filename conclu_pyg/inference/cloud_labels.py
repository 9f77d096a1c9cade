"""Labels of clouds by their names: from the folders they are in, or from a table."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from conclu_pyg.datasets.folders.labels_csv import read_labels
from conclu_pyg.errors import DataError
from conclu_pyg.text import printable

FOLDERS = "folders"


def labels_of(names: Sequence[str], source: str | Path | None) -> list[str] | None:
    """Returns the label of each cloud, empty where it has none.

    Args:
        names: the names of the clouds, as an index has them.
        source: ``folders`` for the first folder of each name; or a table with the columns ``file`` and ``class``, as
            for :class:`~conclu_pyg.datasets.cloud_folder.CloudFolder`, whose files are names of clouds or of their
            files; ``None`` for no labels.

    Returns:
        ``None`` without a source.

    Raises:
        DataError: the table cannot be read, or names no cloud.
    """
    if source is None:
        return None
    if source == FOLDERS:
        return [name.split("/", 1)[0] if "/" in name else "" for name in names]
    table = {row.file: row.name for row in read_labels(Path(source))}
    found = [table.get(printable(name), table.get(printable(name.rpartition(":")[0]), "")) for name in names]
    if names and not any(found):
        raise DataError(
            f"{source}: expected names such as {printable(names[0])!r} in the column file, got "
            f"{next(iter(table))!r}; no cloud has a label.",
            file=source,
        )
    return found
