"""Classes and splits from the names of folders."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from conclu_pyg.errors import DataError
from conclu_pyg.text import pluralize

SPLITS = ("train", "val", "test")


class FolderNames(NamedTuple):
    """What the folders of files say.

    Attributes:
        classes: the names of the classes in alphabetical order; ``None`` if the folders name none.
        labels: the class of each file; -1 for a file outside of a folder of a class.
        splits: the split of each file, an index into :data:`SPLITS`; ``None`` if the folders name none.

    Shapes:
        - **labels:** int32 ``[n]``, **splits:** int8 ``[n]``
    """

    classes: list[str] | None
    labels: np.ndarray
    splits: np.ndarray | None


def read_folder_names(folders: Sequence[Sequence[str]], names: Sequence[str], use_splits: bool = True) -> FolderNames:
    """Returns the class and the split that the folders of each file name.

    The folders of a split are called train, val and test, in upper or lower case, and are either the first ones
    (``train/chair/x.ply``) or the second ones (``chair/train/x.off``). The classes are the first folders, or the second
    ones after those of a split.

    Args:
        folders: of each file, from the outermost to the innermost.
        names: of the files, for messages.
        use_splits: whether the splits are used; if not, files outside of their folders are allowed (default: yes).

    Raises:
        DataError: some files are in folders train and test and others are not.
    """
    level = _level_of_splits(folders, names, use_splits)
    if level is None and not use_splits:
        folders = _without_splits(folders)
    of_class = 1 if level == 0 else 0
    found = [each[of_class] if len(each) > of_class + (level == 1) else None for each in folders]
    classes = sorted({name for name in found if name is not None})
    numbers = {name: label for label, name in enumerate(classes)}
    labels = np.array([-1 if name is None else numbers[name] for name in found], np.int32)
    splits = None
    if level is not None:
        splits = np.array([SPLITS.index(each[level].casefold()) for each in folders], np.int8)
    return FolderNames(classes or None, labels, splits)


def _level_of_splits(folders: Sequence[Sequence[str]], names: Sequence[str], use_splits: bool) -> int | None:
    for level in (0, 1):
        named = [each[level].casefold() if len(each) > level else "" for each in folders]
        without = [index for index, name in enumerate(named) if name not in SPLITS]
        if not without:
            return level
        if use_splits and {"train", "test"} <= set(named):
            raise DataError(
                f"{pluralize(len(without), 'file')} of {len(names):,}, such as {names[without[0]]}, are in no folder "
                "train, val or test, and others are; move them, or give dataset.split_by=draw to draw the splits.",
                file=names[without[0]],
            )
    return None


def _without_splits(folders: Sequence[Sequence[str]]) -> list[Sequence[str]]:
    """Returns the folders without those of splits, which only some files are in."""
    for level in (0, 1):
        if {"train", "test"} <= {each[level].casefold() for each in folders if len(each) > level}:
            return [
                [*each[:level], *each[level + 1 :]] if len(each) > level and each[level].casefold() in SPLITS else each
                for each in folders
            ]
    return list(folders)
