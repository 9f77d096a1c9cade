"""What is known of a cloud beside its points: its category, and its true parts."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from conclu_pyg.data.readers.any_cloud import REMEDY, Cloud
from conclu_pyg.data.readers.npy import read_npy
from conclu_pyg.data.readers.text import read_columns
from conclu_pyg.errors import ConfigError, DataError
from conclu_pyg.nearest import nearest

SUFFIXES = (".seg", ".npy", ".txt")  # of files of part labels
FOLDER = "name a folder with NAME.seg, NAME.npy or NAME.txt for each cloud"


def check_truth(truth: Path | None, files: Sequence[Path]) -> None:
    """Refuses a file of labels for several clouds or none, and one that is not there.

    Raises:
        ConfigError: one file of labels, and more than one file of clouds; or labels without any file.
        DataError: there is neither file nor folder.
    """
    if truth is None:
        return
    if not files:
        raise ConfigError(
            f"--truth {truth} is for files, and none is named; leave it out, for the test split has a truth of its own."
        )
    if not truth.exists():
        raise DataError(f"there is no file or folder {truth} of part labels; name one that exists.")
    if len(files) > 1 and not truth.is_dir():
        raise ConfigError(f"--truth {truth} is one file of labels, and {len(files):,} files are meant; {FOLDER}.")


def check_categories(files: Sequence[Path], classes: Sequence[str], given: str | None) -> None:
    """Refuses a category that the run does not know, and files none of which says its category.

    Raises:
        ConfigError: the category that is given is not among the classes.
        DataError: none is given, and no name of a file or folder says any.
    """
    if given is not None and _label(given, classes) is None:
        raise ConfigError(f"--category {given!r} is none of {', '.join(classes)}{nearest(given, classes)}")
    if given is None and files and all(_named(path, classes) is None for path in files):
        category_of(files[0], classes, None)


def category_of(path: Path, classes: Sequence[str], given: str | None) -> int:
    """The category of the clouds in a file: the one that is given; or the one that the file's name is or begins with,
    as a word of its own; or that of the nearest folder above it which is named as one.

    Raises:
        DataError: nothing says it.
    """
    label = _named(path, classes) if given is None else _label(given, classes)
    if label is None:
        raise DataError(
            f"{path}: its category is not known, and the parts depend on it; give --category, one of "
            f"{', '.join(classes)}, or put the file into a folder of that name."
        )
    return label


def _label(word: str, classes: Sequence[str]) -> int | None:
    return {name.lower(): label for label, name in enumerate(classes)}.get(word.lower())


def _named(path: Path, classes: Sequence[str]) -> int | None:
    """The category that the names of the file and of the folders above it say."""
    words = [path.stem, re.split(r"[_\-. \d]", path.stem)[0], *(folder.name for folder in path.resolve().parents)]
    return next((label for word in words if (label := _label(word, classes)) is not None), None)


def true_parts(
    path: Path, cloud: Cloud, truth: Path | None, allowed: Sequence[int]
) -> tuple[np.ndarray | None, tuple[str, ...]]:
    """The true part of each point, where it is known, and what to tell of it.

    Args:
        path: the file of the cloud.
        cloud: what was read from it; its own parts are taken where they are of the category.
        truth: a file of labels, or a folder in which that of the cloud has its name and the suffix ``.seg``, ``.npy``
            or ``.txt``; a label for each point of the file, numbered as the run's parts.
        allowed: the parts that the cloud's category has.

    Shapes:
        - **output:** int64 ``[m]``, or ``None``

    Raises:
        DataError: there is no such file, it is one file for several clouds, it has not a label for each point, or one
            that the category does not have.
    """
    if truth is None:
        if cloud.part is None or np.isin(cloud.part, np.asarray(allowed)).all():
            return cloud.part, ()
        return None, (f"the parts that the file has were left out, for they are not among {_listed(allowed)}",)
    source = _truth_file(path, cloud, truth)
    labels = read_npy(source, REMEDY) if source.suffix == ".npy" else read_columns(source, (0,), "a part on each line")
    labels = labels.reshape(len(labels), -1)[:, 0] if labels.ndim else labels[None]
    size = len(cloud.points) + cloud.left_out
    if len(labels) != size:
        raise DataError(f"{source} has {len(labels):,} labels and {path} {size:,} points; give one for each.")
    part = labels if cloud.rows is None else labels[cloud.rows]
    wrong = ~np.isin(part, np.asarray(allowed))
    if wrong.any():
        raise DataError(
            f"{source} labels points with the part {part[wrong][0]:g}, but the category has the parts "
            f"{_listed(allowed)}; number them as labels.csv beside the predictions does."
        )
    return part.astype(np.int64), ()


def _listed(parts: Sequence[int]) -> str:
    return ", ".join(map(str, parts))


def _truth_file(path: Path, cloud: Cloud, truth: Path) -> Path:
    if not truth.is_dir() and cloud.name != path.stem:
        raise DataError(f"{path} holds several clouds, and --truth {truth} is one file of labels; {FOLDER}.")
    files = [truth / f"{cloud.name}{suffix}" for suffix in SUFFIXES] if truth.is_dir() else [truth]
    found = next((file for file in files if file.is_file()), None)
    if found is None:
        raise DataError(f"there are no part labels for {path}: looked for {', '.join(map(str, files))}.")
    return found
