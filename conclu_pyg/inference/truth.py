"""The true parts of a cloud, where they are known."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import cached_property
from itertools import islice
from pathlib import Path

import numpy as np

from conclu_pyg.errors import ConfigError, DataError
from conclu_pyg.io.clouds import Cloud
from conclu_pyg.io.point_labels import read_labels
from conclu_pyg.text import pluralize

SUFFIXES = (".seg", ".npy", ".txt")  # of files of part labels
FOLDER = "name a folder with NAME.seg, NAME.npy or NAME.txt for each cloud"
MAX_NAMED = 3  # files in one message


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


class Truth:
    """The true parts of the clouds of a call.

    Args:
        place: a file of labels, or a folder in which that of a cloud has its name and the suffix ``.seg``, ``.npy`` or
            ``.txt``, at the same place as the cloud below the folder that was named, or else directly; a label for each
            point of the file, numbered as the run's parts. ``None`` where only what files of clouds say is known.
        tops: for each file of the call the folder that was named or its own.
    """

    def __init__(self, place: Path | None, tops: Mapping[Path, Path]) -> None:
        self.place, self.tops = place, tops

    def parts(self, path: Path, cloud: Cloud, allowed: Mapping[int, str]) -> tuple[np.ndarray | None, tuple[str, ...]]:
        """The true part of each point, where it is known, and what to tell of it.

        Args:
            path: the file of the cloud, one of the call's.
            cloud: what was read from it; its own parts are taken where they are of the category.
            allowed: the names of the parts that the cloud's category has, by their numbers.

        Shapes:
            - **output:** int64 ``[m]``, or ``None``

        Raises:
            DataError: there is no such file, it is one file for several clouds, it cannot be read
                (:func:`~conclu_pyg.io.point_labels.read_labels`), it has not a label for each point, or one that
                the category does not have; or the points were sampled from a mesh.
        """
        if self.place is None:
            if cloud.part is None or np.isin(cloud.part, list(allowed)).all():
                return cloud.part, ()
            return None, (f"the parts that the file has were left out, for they are not among {_listed(allowed)}",)
        if cloud.sampled:
            raise DataError(
                f"the points of the mesh {path} are drawn from its surface, so that no file of --truth {self.place} "
                "can label them; give a cloud, such as NAME.npy, with its labels, or leave the truth out."
            )
        source = self._file(path, cloud, self.place)
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

    def _file(self, path: Path, cloud: Cloud, place: Path) -> Path:
        """The file that has the labels of a cloud."""
        if not place.is_dir():
            if cloud.name != path.stem:
                raise DataError(f"{path} holds several clouds, and --truth {place} is one file of labels; {FOLDER}.")
            return place
        places = _places(path, self.tops[path], cloud.name, place)
        found = _first(places)
        if found is None:
            raise DataError(f"there are no part labels for {path}: looked for {', '.join(map(str, places))}.")
        of_files, own = self._labelled.get(found, {}), path.resolve()
        if set(islice(of_files, 2)) - {own}:
            known = own in of_files
            named = list(islice(of_files.values(), MAX_NAMED)) if known else sorted([path, *of_files.values()])
            raise DataError(
                f"{found} would label the points of {_enumerated(named, len(of_files) + (not known))}; name the folder "
                f"above them and put the labels of each at its place below {place}, or predict them in calls of their "
                "own."
            )
        return found

    @cached_property
    def _labelled(self) -> dict[Path, dict[Path, Path]]:
        """The files of the call that each file of labels is for by their names, in order; by what they resolve to, for
        one may be named twice."""
        found: dict[Path, dict[Path, Path]] = defaultdict(dict)
        for file, top in sorted(self.tops.items()):
            labels = _first(_places(file, top, file.stem, self.place)) if self.place is not None else None
            if labels is not None:
                found[labels].setdefault(file.resolve(), file)
        return dict(found)


def _listed(parts: Mapping[int, str]) -> str:
    return ", ".join(f"{number} ({name})" for number, name in parts.items())


def _enumerated(files: Sequence[Path], size: int) -> str:
    """The first few of ``size`` files."""
    others = size - MAX_NAMED
    return " and ".join([*map(str, files[:MAX_NAMED]), *([f"{pluralize(others, 'other')}"] if others > 0 else [])])


def _places(path: Path, top: Path, name: str, truth: Path) -> list[Path]:
    """Where the labels of a cloud may lie in a folder: at its place below ``top``, or else directly."""
    folders = dict.fromkeys([truth / path.parent.relative_to(top), truth])
    return [folder / f"{name}{suffix}" for folder in folders for suffix in SUFFIXES]


def _first(files: Sequence[Path]) -> Path | None:
    return next((file for file in files if file.is_file()), None)
