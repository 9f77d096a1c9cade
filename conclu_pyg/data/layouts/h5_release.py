"""The layout of the ``modelnet40_ply_hdf5_2048`` release: h5 files, a list of them for each split, and class names."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path, PurePosixPath

from conclu_pyg.data.layouts.base import SPLITS, Layout, LayoutOptions, RawCloud, read_names
from conclu_pyg.data.readers.h5 import H5Clouds
from conclu_pyg.data.vertical import measure_vertical_axis
from conclu_pyg.errors import DataError

PUBLIC_POINTS = 2048  # the public release, which was turned to y up, has so many points in each cloud
MEASURED = 256  # clouds on which the vertical axis is measured, at most


class H5Release(Layout):
    """``train_files.txt``, ``test_files.txt``, ``shape_names.txt`` and the h5 files that the lists name.

    The lists name files by paths such as ``data/modelnet40_ply_hdf5_2048/ply_data_train0.h5``, from a folder of their
    authors'; only the last part counts here, beside the list. Names of shapes are read from
    ``ply_data_train_0_id2file.json``, where it is there.

    The vertical axis is not written in the files, so it is measured on up to 256 clouds, evenly spread over the first
    file: see :func:`~conclu_pyg.data.vertical.measure_vertical_axis`. Where the clouds are too few or too symmetric for
    that, files of 2,048 points a cloud are taken to be **y up**, as the public release is, and others **z up**, as the
    meshes are which somebody must have sampled.
    """

    title = "h5 release"
    expects = "the h5 release (train_files.txt, test_files.txt, shape_names.txt and .h5 files)"

    def __init__(self, folder: Path, options: LayoutOptions) -> None:
        super().__init__(folder, options)
        self.classes = read_names(folder / "shape_names.txt", "the names of the classes")
        self._clouds: dict[str, list[H5Clouds]] = {}

    @classmethod
    def matches(cls, folder: Path) -> bool:
        return any((folder / f"{split}_files.txt").is_file() for split in SPLITS)

    @cached_property
    def vertical_axis(self) -> int:  # type: ignore[override]
        lists = (split for split in SPLITS if (self.folder / f"{split}_files.txt").is_file())
        first = H5Clouds(self._h5_files(next(lists))[0], len(self.classes))
        rows = slice(None, None, -(-len(first) // MEASURED) or 1)
        measured = measure_vertical_axis(first.read(rows), first.labels[rows])
        return measured if measured is not None else 1 if first.num_points == PUBLIC_POINTS else 2

    def files(self, split: str) -> list[Path]:
        paths = self._h5_files(split)
        names = [names for path in paths if (names := _names_file(path)).is_file()]
        return [self.folder / "shape_names.txt", *paths, *names]

    def count(self, split: str) -> int:
        return sum(len(clouds) for clouds in self._open(split))

    def read(self, split: str, num_points: int, seed: int) -> Iterator[RawCloud]:
        for clouds in self._open(split):
            names = _read_names(clouds)
            for index, points in enumerate(clouds):
                source = f"{clouds.path}, cloud {index} ({names[index]})"
                yield RawCloud(points, int(clouds.labels[index]), names[index], source)

    def _open(self, split: str) -> list[H5Clouds]:
        if split not in self._clouds:
            self._clouds[split] = [H5Clouds(path, len(self.classes)) for path in self._h5_files(split)]
        return self._clouds[split]

    def notices(self, split: str) -> list[str]:
        listed, missing = self._listed(split)
        if not missing:
            return []
        return [
            f"{self.folder}: {len(missing)} of {len(listed)} files of the split {split!r} are missing and were left "
            f"out, as dataset.allow_missing says ({', '.join(path.name for path in missing)})."
        ]

    def _h5_files(self, split: str) -> list[Path]:
        """The files of the split that are there: all that are listed, unless missing ones are allowed."""
        listed, missing = self._listed(split)
        if missing and not (self.options.allow_missing and len(missing) < len(listed)):
            found = ", ".join(sorted(path.name for path in self.folder.glob("*.h5"))) or "none"
            hint = ", or use the others by dataset.allow_missing=true" if len(missing) < len(listed) else ""
            raise DataError(
                f"{self.folder / f'{split}_files.txt'} names {missing[0].name}, which is not beside it (h5 files "
                f"there: {found}); restore it or correct the list{hint}."
            )
        return [path for path in listed if path not in missing]

    def _listed(self, split: str) -> tuple[list[Path], list[Path]]:
        """The files that the list names, and those of them that are not there."""
        lines = read_names(self.folder / f"{split}_files.txt", f"the h5 files of the split {split!r}")
        listed = [self.folder / PurePosixPath(line.replace("\\", "/")).name for line in lines]
        return listed, [path for path in listed if not path.is_file()]


def _names_file(path: Path) -> Path:
    """``ply_data_train0.h5`` has the names of its shapes in ``ply_data_train_0_id2file.json``."""
    return path.with_name(re.sub(r"(\d+)$", r"_\1", path.stem) + "_id2file.json")


def _read_names(clouds: H5Clouds) -> list[str]:
    """The names of the shapes in a file: those of its list, or else the file's own name with a number."""
    path = _names_file(clouds.path)
    if not path.is_file():
        return [f"{clouds.path.stem}/{index:04d}" for index in range(len(clouds))]
    try:
        names = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise DataError(
            f"{path} is not a JSON file ({error}); restore it, or delete it to go without names."
        ) from error
    if not isinstance(names, list) or len(names) != len(clouds) or not all(isinstance(name, str) for name in names):
        found = f"{len(names):,} entries" if isinstance(names, list) else type(names).__name__
        raise DataError(
            f"{path} must be a list with a name for each of the {len(clouds):,} clouds in {clouds.path.name}, found "
            f"{found}; restore it, or delete it to go without names."
        )
    return [re.sub(r"\.(ply|off|txt)$", "", name) for name in names]
