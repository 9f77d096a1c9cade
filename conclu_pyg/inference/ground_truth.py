"""Ground truth for the parts of input clouds."""

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

SUFFIXES = (".seg", ".npy", ".txt")  # of label files
FOLDER = "give a folder with NAME.seg, NAME.npy or NAME.txt for each cloud"
MAX_NAMED = 3  # files in one message


def check_ground_truth(place: Path | None, files: Sequence[Path]) -> None:
    """Checks the place of the ground truth before anything is read.

    Raises:
        ConfigError: one label file for several input files, or ground truth without input files.
        DataError: ``place`` does not exist.
    """
    if place is None:
        return
    if not files:
        raise ConfigError(
            f"ground truth {place} needs input files, got none; leave it out, the test split has its own.",
            file=place,
            argument="truth",
        )
    if not place.exists():
        raise DataError(
            f"{place} does not exist; give an existing file or folder of part labels.", file=place, argument="truth"
        )
    if len(files) > 1 and not place.is_dir():
        raise ConfigError(
            f"ground truth {place} is one label file, but there are {len(files):,} input files; {FOLDER}.",
            file=place,
            argument="truth",
        )


class GroundTruth:
    """The true parts of the clouds of one call.

    Args:
        place: a label file, or a folder with the label file of each cloud: the cloud's name with the suffix ``.seg``,
            ``.npy`` or ``.txt``, at the same relative path as the cloud below its input root, or else directly in the
            folder. A label file has the part of each point of the input file, numbered as the run's parts. ``None``
            uses the parts that input files contain themselves.
        input_roots: the input root of each input file (see :class:`~conclu_pyg.inference.inputs.Inputs`).
    """

    def __init__(self, place: Path | None, input_roots: Mapping[Path, Path]) -> None:
        self.place, self.input_roots = place, input_roots

    def read(self, path: Path, cloud: Cloud, allowed: Mapping[int, str]) -> tuple[np.ndarray | None, tuple[str, ...]]:
        """Returns the true part of each point, or ``None`` if it is not known, and notes about it.

        Args:
            path: the input file.
            cloud: a cloud of that file.
            allowed: the names of the parts of the cloud's category, by label.

        Shapes:
            - **output:** int64 ``[m]``, or ``None``

        Raises:
            DataError: the label file is missing, ambiguous, unreadable (see
                :func:`~conclu_pyg.io.point_labels.read_labels`), of another size than the cloud, or has parts of
                other categories; or the points were sampled from a mesh.
        """
        if self.place is None:
            if cloud.labels is None or np.isin(cloud.labels, list(allowed)).all():
                return cloud.labels, ()
            return None, (f"the parts in the file were ignored: expected parts among {_listed(allowed)}",)
        if cloud.sampled:
            raise DataError(
                f"{path} is a mesh, so its points are sampled and cannot be labelled by {self.place}; give a "
                "cloud, such as NAME.npy, with its labels, or no ground truth.",
                file=path,
                argument="truth",
            )
        source = self._find(path, cloud, self.place)
        labels = read_labels(source)
        size = len(cloud.points) + cloud.left_out
        if len(labels) != size:
            raise DataError(
                f"{source} must have a label for each of the {size:,} points of {path}, got {len(labels):,}.",
                file=source,
                got=len(labels),
            )
        part = labels if cloud.rows is None else labels[cloud.rows]
        wrong = ~np.isin(part, list(allowed))
        if wrong.any():
            raise DataError(
                f"{source}: expected the parts {_listed(allowed)} of the category, got {part[wrong][0]:g}; number the "
                "parts as in labels.csv next to the predictions.",
                file=source,
                got=int(part[wrong][0]),
            )
        return part.astype(np.int64), ()

    def _find(self, path: Path, cloud: Cloud, place: Path) -> Path:
        """Returns the label file of a cloud."""
        if not place.is_dir():
            if cloud.name != path.stem:
                raise DataError(
                    f"{path} contains several clouds, but the ground truth {place} is one label file; {FOLDER}.",
                    file=path,
                    argument="truth",
                )
            return place
        places = _places(path, self.input_roots[path], cloud.name, place)
        found = _first(places)
        if found is None:
            raise DataError(f"no part labels for {path}; expected one of {', '.join(map(str, places))}.", file=path)
        matches, own = self._matches.get(found, {}), path.resolve()
        if set(islice(matches, 2)) - {own}:
            known = own in matches
            named = list(islice(matches.values(), MAX_NAMED)) if known else sorted([path, *matches.values()])
            raise DataError(
                f"{found} matches several input files: {_enumerated(named, len(matches) + (not known))}; give the "
                f"folder above them as input and put each label file at the same relative path below {place}, or "
                "predict the files in separate calls.",
                file=found,
            )
        return found

    @cached_property
    def _matches(self) -> dict[Path, dict[Path, Path]]:
        """For each label file the input files that it belongs to by name, in order. Input files are identified by their
        resolved path, so that a file that is given twice counts once."""
        found: dict[Path, dict[Path, Path]] = defaultdict(dict)
        for file, root in sorted(self.input_roots.items()):
            labels = _first(_places(file, root, file.stem, self.place)) if self.place is not None else None
            if labels is not None:
                found[labels].setdefault(file.resolve(), file)
        return dict(found)


def _listed(parts: Mapping[int, str]) -> str:
    return ", ".join(f"{number} ({name})" for number, name in parts.items())


def _enumerated(files: Sequence[Path], size: int) -> str:
    """Returns the first few of ``size`` files."""
    others = size - MAX_NAMED
    return " and ".join([*map(str, files[:MAX_NAMED]), *([pluralize(others, "other")] if others > 0 else [])])


def _places(path: Path, root: Path, name: str, folder: Path) -> list[Path]:
    """Returns the paths at which the label file of a cloud may be: its relative path below ``root`` first."""
    folders = dict.fromkeys([folder / path.parent.relative_to(root), folder])
    return [parent / f"{name}{suffix}" for parent in folders for suffix in SUFFIXES]


def _first(files: Sequence[Path]) -> Path | None:
    return next((file for file in files if file.is_file()), None)
