"""Which clouds are meant by files and folders, and what is known of them: their category, and their true parts."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from conclu_pyg.data.readers.any_cloud import SUFFIXES, Cloud
from conclu_pyg.data.readers.npy import read_npy
from conclu_pyg.data.readers.text import read_columns
from conclu_pyg.errors import ConfigError, DataError
from conclu_pyg.registry import nearest

MAX_FILES = 10_000
TRUTHS = (".seg", ".npy", ".txt")  # of files of part labels


def cloud_files(inputs: Sequence[str]) -> list[Path]:
    """The files that are meant: those that are named, and those in named folders, at any depth, whose suffix is known.

    Raises:
        DataError: a name that is neither file nor folder, a folder without clouds, or more than 10,000 files.
    """
    files: list[Path] = []
    for name in inputs:
        path = Path(name)
        if path.is_dir():
            found = sorted(f for f in path.rglob("*") if f.suffix.lower() in SUFFIXES and f.is_file())
            if not found:
                raise DataError(f"{path} holds no clouds; looked for files of the kinds {', '.join(SUFFIXES)}.")
            files += found
        elif path.exists():
            files.append(path)
        else:
            raise DataError(f"there is no file or folder {path}; name one that exists.")
    if len(files) > MAX_FILES:
        raise DataError(f"{len(files):,} files are meant, more than the {MAX_FILES:,} of one call; name fewer.")
    return files


def category_of(path: Path, classes: Sequence[str], given: str | None) -> int:
    """The category of the clouds in a file: the one that is given, or one whose name a folder above the file or the
    first word of its own name has.

    Raises:
        ConfigError: the given one is not among the classes.
        DataError: nothing says it.
    """
    known = {name.lower(): label for label, name in enumerate(classes)}
    if given is not None:
        if given.lower() not in known:
            raise ConfigError(f"--category {given} is none of {', '.join(classes)}{nearest(given, classes)}")
        return known[given.lower()]
    words = [path.stem, re.split(r"[_\-. \d]", path.stem)[0], *(folder.name for folder in path.resolve().parents)]
    found = next((known[word.lower()] for word in words if word.lower() in known), None)
    if found is None:
        raise DataError(
            f"{path}: its category is not known, and the parts depend on it; give --category, one of "
            f"{', '.join(classes)}, or put the file into a folder of that name."
        )
    return found


def true_parts(path: Path, cloud: Cloud, truth: Path | None, allowed: Sequence[int]) -> np.ndarray | None:
    """The true part of each point, where it is known.

    Args:
        path: the file of the cloud.
        cloud: what was read from it.
        truth: a file of labels, or a folder in which that of the cloud has its name and the suffix ``.seg``, ``.npy``
            or ``.txt``; a label for each point of the file, numbered as the run's parts.
        allowed: the parts that the cloud's category has.

    Shapes:
        - **output:** int64 ``[m]``, or ``None``

    Raises:
        DataError: there is no such file, it has not a label for each point, or one that the category does not have.
    """
    part, source = cloud.part, path
    if truth is not None:
        source = _truth_file(path, truth)
        labels = read_npy(source) if source.suffix == ".npy" else read_columns(source, (0,), "a part on each line")
        labels = labels.reshape(len(labels), -1)[:, 0] if labels.ndim else labels[None]
        rows = np.arange(len(cloud.points)) if cloud.rows is None else cloud.rows
        if len(labels) <= rows[-1] or (cloud.rows is None and len(labels) != len(rows)):
            raise DataError(
                f"{source} has {len(labels):,} labels and {path} {rows[-1] + 1:,} points; give one for each."
            )
        part = labels[rows]
    if part is None:
        return None
    wrong = ~np.isin(part, np.asarray(allowed))
    if wrong.any():
        raise DataError(
            f"{source} labels points with the part {part[wrong][0]:g}, but the category has the parts "
            f"{', '.join(map(str, allowed))}; number them as the run's parts.csv does."
        )
    return part.astype(np.int64)


def _truth_file(path: Path, truth: Path) -> Path:
    files = [truth / f"{path.stem}{suffix}" for suffix in TRUTHS] if truth.is_dir() else [truth]
    found = next((file for file in files if file.is_file()), None)
    if found is None:
        raise DataError(f"there are no part labels for {path}: looked for {', '.join(map(str, files))}.")
    return found
