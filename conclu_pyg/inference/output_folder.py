"""The output folder of predictions: coloured clouds, labels, and tables of both."""

from __future__ import annotations

import csv
import logging
from collections.abc import Sequence
from itertools import chain
from pathlib import Path
from types import TracebackType

import numpy as np

from conclu_pyg.errors import ConfigError
from conclu_pyg.files import atomic_write
from conclu_pyg.inference.file_names import FileNames
from conclu_pyg.inference.prediction import RANKS, Prediction
from conclu_pyg.inference.table import write_table
from conclu_pyg.io.find_files import LABEL_COLUMNS, LABELS, holds_predictions
from conclu_pyg.io.own_tables import read_header
from conclu_pyg.text import from_cell, pluralize, printable
from conclu_pyg.vis.colors import hex_of
from conclu_pyg.vis.generator import is_own_page
from conclu_pyg.vis.ply import write_ply

logger = logging.getLogger(__name__)

PREDICTIONS = "predictions.csv"
PAGE = "clouds.html"
ENDINGS = (".ply", "_labels.npy", ".png")  # of the files of a cloud
COLUMNS = {
    LABELS: LABEL_COLUMNS,
    PREDICTIONS: [
        "run", "file", "cloud", "class", "confidence", "second", "second_confidence", "third", "third_confidence",
        "novelty", "unlike", "true_class", "point_accuracy", "points", "left_out", "offset", "files", "note",
    ],
}  # fmt: skip


class PredictionWriter:
    """Writes predictions into a folder, as a context manager. On entry it removes the files that ``predictions.csv``
    of an earlier call lists; on exit, also after an error, it writes the ``predictions.csv`` of this call. No other
    file is replaced by one of a cloud: a cloud of its name gets a number.

    Args:
        folder: the output folder, which is created.
        run: the name of the run that predicts.
        label_names: the names of the labels.
        clouds: whether the points and labels of each cloud are written, in addition to the table (default: yes).

    Raises:
        ConfigError: the folder contains another table under the name of ``labels.csv`` or ``predictions.csv``.
        OSError: the folder cannot be created or written.
    """

    def __init__(self, folder: Path, run: str, label_names: Sequence[str], clouds: bool = True) -> None:
        self.folder, self.run, self.label_names, self.clouds = folder, run, label_names, clouds
        self._rows: dict[str, dict[str, object]] = {}
        self._refused: list[dict[str, object]] = []
        self._files: dict[str, list[str]] = {}
        self._names = FileNames()

    def __enter__(self) -> PredictionWriter:
        _check_tables(self.folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self._remove_earlier()
        self._names.keep(self.folder, ENDINGS)
        labels = [[label, name, hex_of(label)] for label, name in enumerate(self.label_names)]
        write_table(self.folder / LABELS, COLUMNS[LABELS], labels)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        columns = COLUMNS[PREDICTIONS]
        write_table(self.folder / PREDICTIONS, columns, ([_cell(row.get(key)) for key in columns] for row in self.rows))

    def __len__(self) -> int:
        return len(self._rows)

    @property
    def rows(self) -> list[dict[str, object]]:
        """The rows of the table so far, plain values by column: the clouds, then the files that could not be used."""
        rows = [row | {"files": self._files.get(name, [])} for name, row in self._rows.items()]
        return [*rows, *self._refused]

    def file(self, cloud: str, name: str) -> Path:
        """Returns a path in the folder and lists it among the files of a cloud."""
        self._files.setdefault(cloud, []).append(name)
        return self.folder / name

    def page(self, name: str) -> Path:
        """Returns a path in the folder and lists it among the files of the first cloud."""
        return self.file(next(iter(self._rows)), name)

    def add(self, prediction: Prediction) -> str:
        """Adds a row and, if clouds are written, the coloured points and their labels, or none of these if one fails.

        Returns:
            The unique name of the cloud's files in this folder, without a suffix.

        Raises:
            ConfigError: the cloud is to be written and has only some of its points.
            OSError: a file cannot be written.
        """
        name, cloud = self._names.unique(prediction.cloud.name), prediction.cloud
        if self.clouds:
            self._write_cloud(name, prediction)
        ranked: list[tuple[str | None, float | None]] = [*prediction.confidences.items(), *[(None, None)] * RANKS]
        (_, first), (second, its), (third, last) = ranked[:RANKS]
        self._rows[name] = {
            "run": self.run,
            "file": prediction.source,
            "cloud": cloud.name,
            "class": prediction.category,
            "confidence": first,
            "second": second,
            "second_confidence": its,
            "third": third,
            "third_confidence": last,
            "novelty": prediction.novelty,
            "unlike": None if prediction.novelty is None else bool(prediction.is_unlike),
            "true_class": prediction.true_class,
            "point_accuracy": None if prediction.true_parts is None else prediction.accuracy,
            "points": prediction.size,
            "left_out": cloud.left_out,
            "offset": None if cloud.offset is None else cloud.offset.tolist(),
            "note": "; ".join(prediction.notes),
        }
        return name

    def refuse(self, source: str, reason: str) -> None:
        """Adds a row of a file that could not be used, without a class, with the reason as its note."""
        self._refused.append({"run": self.run, "file": source, "note": reason})

    def _write_cloud(self, name: str, prediction: Prediction) -> None:
        cloud = prediction.cloud
        if not prediction.is_whole:
            raise ConfigError(
                f"expected all {prediction.size:,} points of {cloud.name}, got {len(cloud.points):,}; predict with "
                "whole_clouds=True to write clouds.",
                argument="whole_clouds",
            )
        points = self.file(name, f"{name}.ply")
        write_ply(points, cloud.points, prediction.labels, cloud.offset)
        try:
            with atomic_write(self.file(name, f"{name}_labels.npy")) as file:
                np.save(file, prediction.file_labels(), allow_pickle=False)
        except BaseException:
            points.unlink(missing_ok=True)
            raise

    def _remove_earlier(self) -> None:
        """Removes the files that the last call listed, and nothing else."""
        table = self.folder / PREDICTIONS
        ours = table.exists() or holds_predictions(self.folder)
        rows, complete = _read_rows(table)
        if earlier := [row for row in rows if row["class"]]:
            runs = ", ".join(dict.fromkeys(row["run"] for row in earlier))
            replaced = pluralize(len(earlier), "earlier prediction")
            logger.info(printable(f"replaced {replaced} of {runs} in {self.folder}"))
        for name in chain.from_iterable(row["files"].split() for row in rows):
            path = self.folder / name
            if name == path.name and (path.is_file() or path.is_symlink()):
                path.unlink()
        if ours and not complete and any(chain(self.folder.glob("*.ply"), self.folder.glob("*_labels.npy"))):
            logger.warning(printable(f"kept earlier predictions in {self.folder} that its {PREDICTIONS} does not list"))
        table.unlink(missing_ok=True)


def check_page(folder: Path) -> None:
    """Checks that the page of predictions replaces no other file.

    Args:
        folder: the output folder, which may not exist yet.

    Raises:
        ConfigError: it contains a ``clouds.html`` that is no page of this package.
    """
    path = folder / PAGE
    if path.exists() and not (path.is_file() and is_own_page(path)):
        raise ConfigError(
            f"{path} is no page of conclu and would be overwritten; give another output folder.", file=path
        )


def _check_tables(folder: Path) -> None:
    """Refuses a folder in which a file with other columns has the name of one of the tables."""
    for name, columns in COLUMNS.items():
        if (folder / name).exists() and read_header(folder / name) != columns:
            raise ConfigError(
                f"{folder / name} is not a table of predictions and would be overwritten; give another output folder.",
                file=folder / name,
            )


def _read_rows(path: Path) -> tuple[list[dict[str, str]], bool]:
    """Returns the complete rows of a table, and whether the table exists and all its rows are complete."""
    if not path.is_file():
        return [], False
    with path.open(encoding="utf-8", errors="replace", newline="") as file:
        try:
            rows = list(csv.DictReader(file))
        except csv.Error:
            return [], False
    kept = [{key: from_cell(value) for key, value in row.items()} for row in rows if None not in row.values()]
    return kept, len(kept) == len(rows)


def _cell(value: object) -> object:
    """Returns a value as it is written into the table."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.4f}"
    return " ".join(map(str, value)) if isinstance(value, list) else value
