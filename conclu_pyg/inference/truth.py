"""What is known of a cloud beside its points: its category, and its true parts."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from conclu_pyg.data.readers.any_cloud import Cloud
from conclu_pyg.errors import ConfigError, DataError
from conclu_pyg.inference.part_labels import read_labels
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


def check_categories(tops: Mapping[Path, Path], classes: Sequence[str], given: str | None) -> None:
    """Refuses a category that the run does not know or that is for nothing, and files none of which says its category.

    Args:
        tops: for each file the uppermost folder whose name may say it.
        classes: what the run knows.
        given: the category of all, if it is given.

    Raises:
        ConfigError: the category that is given is not among the classes, or there are no files.
        DataError: none is given, and no name of a file or folder says any.
    """
    if given is not None and _label(given, classes) is None:
        raise ConfigError(f"--category {given!r} is none of {', '.join(classes)}{nearest(given, classes)}")
    if given is not None and not tops:
        raise ConfigError(
            f"--category {given} is for files, and none is named; leave it out, for the test split says what its "
            "clouds are."
        )
    if given is None and tops and all(_named(path, top, classes) is None for path, top in tops.items()):
        path, top = next(iter(tops.items()))
        category_of(path, top, classes, None)


def category_of(path: Path, top: Path, classes: Sequence[str], given: str | None) -> tuple[int, str]:
    """The category of the clouds in a file: the one that is given; or the one with the longest name that the file's
    name is or begins with, as words of its own; or that of the nearest folder above it which is named as one, up to
    ``top``. Beside it, where it was guessed from, as a note; empty where it was given.

    Raises:
        DataError: nothing says it.
    """
    label = None if given is None else _label(given, classes)
    found = _named(path, top, classes) if label is None else (label, "")
    if found is None:
        raise DataError(
            f"{path}: its category is not known, and the parts depend on it; give --category, one of "
            f"{', '.join(classes)}, or put the file into a folder of that name, and name the file or that folder."
        )
    return found


def _label(word: str, classes: Sequence[str]) -> int | None:
    return {name.lower(): label for label, name in enumerate(classes)}.get(word.lower())


def _named(path: Path, top: Path, classes: Sequence[str]) -> tuple[int, str] | None:
    """The category that the names of the file and of the folders above it up to ``top`` say, and which of them does."""
    above = [path.parent, *path.parent.parents]
    folders = above[: above.index(top) + 1]
    found = [(_label_at_start(path.stem, classes), "the file's name")]
    for folder in folders:
        found.append((_label(Path(os.path.abspath(folder)).name, classes), f"the name of the folder {folder}"))
    for label, source in found:
        if label is not None:
            return label, f"taken for the category {classes[label]} by {source}"
    return None


def _label_at_start(stem: str, classes: Sequence[str]) -> int | None:
    """The category of the longest name that ``stem`` is or begins with, before anything but a letter (and but a digit
    after a digit): ``cup_holder_1`` is no cup where there are cup holders. Files have ``_``, ``-`` or a space alike
    between words; of names that differ in that alone the exact one goes first."""
    stem = stem.lower()
    fitting = [
        (len(name), stem.startswith(name), -label)
        for label, name in enumerate(map(str.lower, classes))
        if re.match(re.escape(_joined(name)) + r"(?![^\W\d_]|(?<=\d)\d)", _joined(stem))
    ]
    return -max(fitting)[2] if fitting else None


def _joined(words: str) -> str:
    return re.sub("[ -]", "_", words)


def true_parts(
    path: Path, cloud: Cloud, truth: Path | None, allowed: Sequence[int], tops: Mapping[Path, Path]
) -> tuple[np.ndarray | None, tuple[str, ...]]:
    """The true part of each point, where it is known, and what to tell of it.

    Args:
        path: the file of the cloud.
        cloud: what was read from it; its own parts are taken where they are of the category.
        truth: a file of labels, or a folder in which that of the cloud has its name and the suffix ``.seg``, ``.npy``
            or ``.txt``, at the same place as the cloud below the folder that was named, or else directly; a label for
            each point of the file, numbered as the run's parts.
        allowed: the parts that the cloud's category has.
        tops: for each file of the call, this one among them, the folder that was named or its own.

    Shapes:
        - **output:** int64 ``[m]``, or ``None``

    Raises:
        DataError: there is no such file, it is one file for several clouds, it cannot be read
            (:func:`~conclu_pyg.inference.part_labels.read_labels`), it has not a label for each point, or one that the
            category does not have; or the points were sampled from a mesh.
    """
    if truth is None:
        if cloud.part is None or np.isin(cloud.part, np.asarray(allowed)).all():
            return cloud.part, ()
        return None, (f"the parts that the file has were left out, for they are not among {_listed(allowed)}",)
    if cloud.sampled:
        raise DataError(
            f"the points of the mesh {path} are drawn from its surface, so that no file of --truth {truth} can label "
            "them; give a cloud, such as NAME.npy, with its labels, or leave the truth out."
        )
    source = _truth_file(path, cloud, truth, tops)
    labels = read_labels(source)
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


def _truth_file(path: Path, cloud: Cloud, truth: Path, tops: Mapping[Path, Path]) -> Path:
    if not truth.is_dir():
        if cloud.name != path.stem:
            raise DataError(f"{path} holds several clouds, and --truth {truth} is one file of labels; {FOLDER}.")
        return truth
    places = _places(path, tops[path], cloud.name, truth)
    found = _first(places)
    if found is None:
        raise DataError(f"there are no part labels for {path}: looked for {', '.join(map(str, places))}.")
    own = path.resolve()  # a file may be named twice
    others = [
        file
        for file, top in tops.items()
        if file.stem == cloud.name and file.resolve() != own and _first(_places(file, top, file.stem, truth)) == found
    ]
    if others:
        raise DataError(
            f"{found} would label the points of {' and '.join(map(str, sorted([path, *others])))}; name the folder "
            f"above them and put the labels of each at its place below {truth}, or predict them in calls of their own."
        )
    return found


def _places(path: Path, top: Path, name: str, truth: Path) -> list[Path]:
    """Where the labels of a cloud may lie in a folder: at its place below ``top``, or else directly."""
    folders = dict.fromkeys([truth / path.parent.relative_to(top), truth])
    return [folder / f"{name}{suffix}" for folder in folders for suffix in SUFFIXES]


def _first(files: Sequence[Path]) -> Path | None:
    return next((file for file in files if file.is_file()), None)
