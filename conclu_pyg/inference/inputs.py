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
from conclu_pyg.nearest import nearest

MAX_FILES = 10_000
TRUTHS = (".seg", ".npy", ".txt")  # of files of part labels
TRUTH_FOLDER = "name a folder with NAME.seg, NAME.npy or NAME.txt for each cloud"
MAX_NAME = 100  # bytes; file systems take 255, and suffixes and numbers come behind


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


def check_out(out: Path, inputs: Sequence[str | Path], files: Sequence[Path]) -> None:
    """Refuses to write where something is read from, so that no answer takes the place of a user's file.

    Args:
        out: the folder to write into, which need not be there yet.
        inputs: the files and folders that are named.
        files: those that are meant by them.

    Raises:
        ConfigError: ``out`` is one of the inputs, lies above one, or holds one of the files.
    """
    folder = out.resolve()
    for path in (*map(Path, inputs), *files):
        # A link is there by its own place, and by that of what it leads to.
        for place in (path.resolve(), path.parent.resolve() / path.name):
            if folder == place or folder in place.parents:
                raise ConfigError(
                    f"--out {out} would write among what is read, {path}, and could replace it; name another folder."
                )


def check_truth(truth: Path | None, files: Sequence[Path]) -> None:
    """Refuses a file of labels for several clouds, and one that is not there.

    Raises:
        ConfigError: one file of labels, and more than one file of clouds.
        DataError: there is neither file nor folder.
    """
    if truth is None:
        return
    if not truth.exists():
        raise DataError(f"there is no file or folder {truth} of part labels; name one that exists.")
    if len(files) > 1 and not truth.is_dir():
        raise ConfigError(f"--truth {truth} is one file of labels, and {len(files):,} files are meant; {TRUTH_FOLDER}.")


def file_name(name: str) -> str:
    """A name from data as that of a file: letters, digits, ``_``, ``.`` and ``-`` stay, all else becomes ``_``; it has
    at most 100 bytes, and is neither empty nor dots alone."""
    kept = re.sub(r"[^\w.-]", "_", name).encode()[:MAX_NAME].decode(errors="ignore")
    return kept if kept.strip(".") else "cloud"


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
    labels = read_npy(source) if source.suffix == ".npy" else read_columns(source, (0,), "a part on each line")
    labels = labels.reshape(len(labels), -1)[:, 0] if labels.ndim else labels[None]
    rows = np.arange(len(cloud.points)) if cloud.rows is None else cloud.rows
    if len(labels) <= rows[-1] or (cloud.rows is None and len(labels) != len(rows)):
        raise DataError(f"{source} has {len(labels):,} labels and {path} {rows[-1] + 1:,} points; give one for each.")
    part = labels[rows]
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
        raise DataError(f"{path} holds several clouds, and --truth {truth} is one file of labels; {TRUTH_FOLDER}.")
    files = [truth / f"{cloud.name}{suffix}" for suffix in TRUTHS] if truth.is_dir() else [truth]
    found = next((file for file in files if file.is_file()), None)
    if found is None:
        raise DataError(f"there are no part labels for {path}: looked for {', '.join(map(str, files))}.")
    return found
