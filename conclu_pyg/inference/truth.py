"""The true parts of a cloud, where they are known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from conclu_pyg.data.readers.any_cloud import Cloud
from conclu_pyg.errors import ConfigError, DataError
from conclu_pyg.inference.part_labels import read_labels

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


def true_parts(
    path: Path, cloud: Cloud, truth: Path | None, allowed: Mapping[int, str], tops: Mapping[Path, Path]
) -> tuple[np.ndarray | None, tuple[str, ...]]:
    """The true part of each point, where it is known, and what to tell of it.

    Args:
        path: the file of the cloud.
        cloud: what was read from it; its own parts are taken where they are of the category.
        truth: a file of labels, or a folder in which that of the cloud has its name and the suffix ``.seg``, ``.npy``
            or ``.txt``, at the same place as the cloud below the folder that was named, or else directly; a label for
            each point of the file, numbered as the run's parts.
        allowed: the names of the parts that the cloud's category has, by their numbers.
        tops: for each file of the call, this one among them, the folder that was named or its own.

    Shapes:
        - **output:** int64 ``[m]``, or ``None``

    Raises:
        DataError: there is no such file, it is one file for several clouds, it cannot be read
            (:func:`~conclu_pyg.inference.part_labels.read_labels`), it has not a label for each point, or one that the
            category does not have; or the points were sampled from a mesh.
    """
    if truth is None:
        if cloud.part is None or np.isin(cloud.part, list(allowed)).all():
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
    wrong = ~np.isin(part, list(allowed))
    if wrong.any():
        raise DataError(
            f"{source} labels points with the part {part[wrong][0]:g}, but the category has the parts "
            f"{_listed(allowed)}; number them so, as labels.csv beside the predictions does."
        )
    return part.astype(np.int64), ()


def _listed(parts: Mapping[int, str]) -> str:
    return ", ".join(f"{number} ({name})" for number, name in parts.items())


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
