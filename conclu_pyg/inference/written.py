"""The folder of predictions: coloured clouds, labels, and the lists of what the labels mean and what was written."""

from __future__ import annotations

import csv
import io
import logging
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, count
from pathlib import Path
from types import TracebackType

import numpy as np

from conclu_pyg.errors import ConfigError
from conclu_pyg.files import atomic_write
from conclu_pyg.inference.prediction import Prediction
from conclu_pyg.text import pluralize
from conclu_pyg.vis.colors import hex_of
from conclu_pyg.vis.ply import write_ply

logger = logging.getLogger(__name__)

LABELS, PREDICTIONS = "labels.csv", "predictions.csv"
COLUMNS = {
    LABELS: ["label", "name", "color"],
    PREDICTIONS: [
        "run", "file", "cloud", "class", "probability", "true_class", "points_right", "points", "left_out", "moved_by",
        "files", "note",
    ],
}  # fmt: skip
MAX_NAME = 100  # bytes; file systems take 255, and suffixes and numbers come behind


class Written:
    """The folder that predictions are written into, as a context: at its beginning the files that an earlier call lists
    in its ``predictions.csv`` are removed, and at its end, also after an error, this call's list is written.

    Args:
        folder: where to write; it is made.
        run: the run that predicts.
        names: the names of the labels.

    Raises:
        ConfigError: the folder has a list of another kind under the name of one of these.
        OSError: it cannot be made or written.
    """

    def __init__(self, folder: Path, run: str, names: Sequence[str]) -> None:
        self.folder, self.run, self.names = folder, run, names
        self._rows: dict[str, dict[str, object]] = {}
        self._files: dict[str, list[str]] = {}
        self._taken: set[str] = set()
        self._numbers: dict[str, Iterator[int]] = defaultdict(lambda: count(2))  # of each name, not to begin anew

    def __enter__(self) -> Written:
        _check_lists(self.folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self._remove_earlier()
        _write_rows(self.folder / LABELS, ([label, name, hex_of(label)] for label, name in enumerate(self.names)))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        rows = [row | {"files": " ".join(self._files[name])} for name, row in self._rows.items()]
        _write_rows(self.folder / PREDICTIONS, ([row[key] for key in COLUMNS[PREDICTIONS]] for row in rows))

    def __len__(self) -> int:
        return len(self._rows)

    def unused(self, name: str) -> str:
        """A name of a file that no cloud before has, so that no answer is written over another; not even where upper
        and lower case are the same."""
        unused = name = file_name(name)
        while unused.casefold() in self._taken:
            unused = f"{name}-{next(self._numbers[name.casefold()])}"
        self._taken.add(unused.casefold())
        return unused

    def file(self, cloud: str, name: str) -> Path:
        """A path in the folder, listed among the files of a cloud."""
        self._files.setdefault(cloud, []).append(name)
        return self.folder / name

    def add(self, prediction: Prediction) -> None:
        """Writes the points in colours, and their labels: both, or neither where one of them fails.

        Raises:
            OSError: this cannot be written.
        """
        name, offset = prediction.name, prediction.offset
        points = self.file(name, f"{name}.ply")
        write_ply(points, prediction.pos, prediction.labels, offset)
        try:
            with atomic_write(self.file(name, f"{name}_labels.npy")) as file:
                np.save(file, prediction.file_labels(), allow_pickle=False)
        except BaseException:
            points.unlink(missing_ok=True)
            raise
        self._rows[name] = {
            "run": self.run,
            "file": prediction.source,
            "cloud": name,
            "class": prediction.category,
            "probability": _number(prediction.probability),
            "true_class": prediction.true_class,
            "points_right": _number(None if prediction.truth is None else prediction.right),
            "points": len(prediction.pos),
            "left_out": prediction.left_out,
            "moved_by": None if offset is None else " ".join(map(repr, offset.tolist())),
            "note": "; ".join(prediction.notes),
        }

    def _remove_earlier(self) -> None:
        """Removes what the last call into this folder lists, and nothing else."""
        listed = self.folder / PREDICTIONS
        ours = listed.exists() or holds_predictions(self.folder)
        rows, whole = _read_rows(listed)
        if rows:
            runs = ", ".join(dict.fromkeys(row["run"] for row in rows))
            logger.info(f"replaces {pluralize(len(rows), 'earlier prediction')} of {runs} in {self.folder}")
        for name in chain.from_iterable(row["files"].split() for row in rows):
            path = self.folder / name
            if name == path.name and (path.is_file() or path.is_symlink()):
                path.unlink()
        if ours and not whole and any(chain(self.folder.glob("*.ply"), self.folder.glob("*_labels.npy"))):
            logger.info(
                f"{self.folder} has earlier predictions of which there is no list: they stay beside the new ones"
            )
        listed.unlink(missing_ok=True)


def file_name(name: str) -> str:
    """A name from data as that of a file: letters, digits, ``_``, ``.`` and ``-`` stay, all else becomes ``_``; it has
    at most 100 bytes, and is neither empty nor dots alone."""
    kept = re.sub(r"[^\w.-]", "_", name).encode()[:MAX_NAME].decode(errors="ignore")
    return kept if kept.strip(".") else "cloud"


def holds_predictions(folder: Path) -> bool:
    """Whether predictions were written into this folder."""
    return _header(folder / LABELS) == COLUMNS[LABELS]


def _check_lists(folder: Path) -> None:
    """Refuses a folder in which a file of other columns has the name of one of the lists."""
    for name, columns in COLUMNS.items():
        if (folder / name).exists() and _header(folder / name) != columns:
            raise ConfigError(f"{folder / name} is no list of predictions and would be replaced; name another --out.")


def _header(path: Path) -> list[str]:
    if not path.is_file():
        return []
    with path.open(encoding="utf-8", errors="replace", newline="") as file:
        return file.readline(1 << 10).strip().split(",")


def _read_rows(path: Path) -> tuple[list[dict[str, str]], bool]:
    """The rows of a list, and whether it is there and whole; none of those where it was damaged since."""
    if not path.is_file():
        return [], False
    with path.open(encoding="utf-8", errors="replace", newline="") as file:
        try:
            rows = list(csv.DictReader(file))
        except csv.Error:
            return [], False
    kept = [row for row in rows if None not in row.values()]
    return kept, len(kept) == len(rows)


def _write_rows(path: Path, rows: Iterable[Sequence[object]]) -> None:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(COLUMNS[path.name])
    writer.writerows(rows)
    with atomic_write(path) as file:
        file.write(text.getvalue().encode("utf-8", "replace"))


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.4f}"
