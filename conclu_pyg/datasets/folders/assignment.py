"""The class and the split of each file of a data set."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

import numpy as np

from conclu_pyg.data.labels import UNLABELLED
from conclu_pyg.datasets.folders.drawn_split import draw_test_files
from conclu_pyg.datasets.folders.file_index import FileIndex
from conclu_pyg.datasets.folders.folder_names import SPLITS, FolderNames, read_folder_names
from conclu_pyg.datasets.folders.labels_csv import match_files, read_labels
from conclu_pyg.errors import ConcluWarning, ConfigError, DataError
from conclu_pyg.text import pluralize

Classes: TypeAlias = Literal["auto", "folders", "none"]
SplitBy: TypeAlias = Literal["auto", "folders", "csv", "draw"]

TRAIN, TEST = SPLITS.index("train"), SPLITS.index("test")
LEFT_OUT = -1


@dataclass(frozen=True)
class Assignment:
    """The class and the split of each file.

    Args:
        classes: the names of the classes.
        labels: the class of each file; -1 for a file that belongs to no split.
        splits: the split of each file, an index into ``SPLITS``; -1 for a file that belongs to none.

    Shapes:
        - **labels:** int32 ``[n]``, **splits:** int8 ``[n]``
    """

    classes: list[str]
    labels: np.ndarray
    splits: np.ndarray

    @property
    def split_names(self) -> tuple[str, ...]:
        """The names of the splits that have files."""
        return tuple(name for number, name in enumerate(SPLITS) if (self.splits == number).any())

    def rows(self, split: str) -> np.ndarray:
        """Returns the positions of the files of a split, int64 ``[m]``."""
        return np.flatnonzero(self.splits == SPLITS.index(split))


def assign_files(
    index: FileIndex, classes: Classes, labels: Path | None, split_by: SplitBy, test_fraction: float, seed: int
) -> Assignment:
    """Assigns a class and a split to each file.

    Args:
        index: the files.
        classes: see :class:`~conclu_pyg.datasets.cloud_folder.CloudFolder`, and so are the others.
        labels: the table of classes.
        split_by: where the splits come from.
        test_fraction: the share of the files of each class that are drawn for ``test``.
        seed: of the draw.

    Raises:
        ConfigError: options that exclude each other, or splits that neither folders nor the table state.
        DataError: files without a class, or folders or a table that cannot be used.
    """
    names = list(index.names)
    table_splits: np.ndarray | None = None
    if labels is not None:
        if classes == "folders":
            raise ConfigError(
                "dataset.classes=folders and dataset.labels exclude each other; give one of them.", argument="labels"
            )
        known, numbers, table_splits = _from_table(labels, index.base, names)
        if classes == "none":
            known, numbers = [UNLABELLED], np.where(numbers >= 0, 0, LEFT_OUT).astype(np.int32)
    use_splits = split_by == "folders" or (split_by == "auto" and table_splits is None)
    folders = read_folder_names(index.folders(names), names, use_splits)
    if labels is None:
        known, numbers = _from_folders(folders, names, classes, index.base)
    splits = _splits(names, numbers, folders.splits, table_splits, split_by, test_fraction, seed)
    return Assignment(known, numbers, np.where(numbers < 0, LEFT_OUT, splits).astype(np.int8))


def _from_table(labels: Path, base: Path, names: list[str]) -> tuple[list[str], np.ndarray, np.ndarray | None]:
    """Returns the classes, the class of each file and, if the table has a column of splits, the split of each."""
    rows = read_labels(labels)
    found = match_files(rows, labels, base, names)
    classes = sorted({row.name for row in rows})
    places = {name: number for number, name in enumerate(classes)}
    numbers, splits = np.full(len(names), LEFT_OUT, np.int32), np.full(len(names), LEFT_OUT, np.int8)
    for index, row in found.items():
        numbers[index] = places[row.name]
        splits[index] = LEFT_OUT if row.split is None else SPLITS.index(row.split)
    if len(found) < len(names):
        first = names[int((numbers < 0).argmax())]
        warnings.warn(
            f"{labels} has no class for {len(names) - len(found):,} of {pluralize(len(names), 'file')}, such as "
            f"{first}; they are left out. (dataset.classes=none without dataset.labels takes all files.)",
            ConcluWarning,
            stacklevel=2,
        )
    return classes, numbers, None if rows[0].split is None else splits


def _from_folders(
    folders: FolderNames, names: Sequence[str], classes: Classes, base: Path
) -> tuple[list[str], np.ndarray]:
    unlabelled = [UNLABELLED], np.zeros(len(names), np.int32)
    outside = np.flatnonzero(folders.labels < 0)
    if classes == "none" or (classes == "auto" and (folders.classes is None or len(folders.classes) == 1)):
        return unlabelled
    if folders.classes is not None and not len(outside):
        return folders.classes, folders.labels
    few = f"{len(outside):,} of {pluralize(len(names), 'file')} in {base} are in no folder of a class, such as "
    few += names[outside[0]]
    if classes == "folders":
        raise DataError(f"{few}; move them, or give dataset.classes=none or dataset.labels.", argument="classes")
    warnings.warn(
        f"{few}, so all clouds are unlabelled. Move or remove them to take the folders as classes, or give "
        "dataset.classes=none.",
        ConcluWarning,
        stacklevel=2,
    )
    return unlabelled


def _splits(
    names: Sequence[str],
    labels: np.ndarray,
    of_folders: np.ndarray | None,
    of_table: np.ndarray | None,
    split_by: SplitBy,
    test_fraction: float,
    seed: int,
) -> np.ndarray:
    if split_by == "csv" and of_table is None:
        raise ConfigError(
            "dataset.split_by=csv needs the column split in the table dataset.labels; add it, or give draw.",
            argument="split_by",
            got=split_by,
        )
    if split_by == "folders" and of_folders is None:
        raise ConfigError(
            "dataset.split_by=folders needs all files in folders train, val or test, such as train/chair/1.ply or "
            "chair/train/1.ply; move them, or give draw.",
            argument="split_by",
            got=split_by,
        )
    if of_table is not None and split_by in ("auto", "csv"):
        return of_table
    if of_folders is not None and split_by in ("auto", "folders"):
        return of_folders
    used = np.flatnonzero(labels >= 0)
    splits = np.full(len(names), TRAIN, np.int8)
    drawn = draw_test_files([names[row] for row in used.tolist()], labels[used], test_fraction, seed)
    splits[used[drawn]] = TEST
    return splits
