"""The layout of the ``modelnet40_ply_hdf5_2048`` release: h5 files, a list of them for each split, and class names."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path, PurePosixPath

from conclu_pyg.data.layouts.base import SPLITS, Layout, LayoutOptions, RawCloud, read_names
from conclu_pyg.data.readers.h5 import H5Clouds
from conclu_pyg.errors import DataError

PUBLIC_POINTS = 2048  # the public release, which was turned to y up, has so many points in each cloud


class H5Release(Layout):
    """``train_files.txt``, ``test_files.txt``, ``shape_names.txt`` and the h5 files that the lists name.

    The lists name files by paths such as ``data/modelnet40_ply_hdf5_2048/ply_data_train0.h5``, from a folder of their
    authors'; only the last part counts here, beside the list. Names of shapes are read from
    ``ply_data_train_0_id2file.json``, where it is there.

    The vertical axis is not written in the files. The public release has 2,048 points a cloud and is **y up**; files
    with any other number were sampled from the meshes by somebody else, and are taken to be **z up**, as the meshes
    are.
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
        return 1 if first.num_points == PUBLIC_POINTS else 2

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

    def _h5_files(self, split: str) -> list[Path]:
        listing = self.folder / f"{split}_files.txt"
        paths = []
        for line in read_names(listing, f"the h5 files of the split {split!r}"):
            path = self.folder / PurePosixPath(line.replace("\\", "/")).name
            if not path.is_file():
                found = ", ".join(sorted(p.name for p in self.folder.glob("*.h5"))) or "none"
                raise DataError(
                    f"{listing} names {line!r}, but there is no {path.name} beside it (h5 files there: {found}); "
                    f"restore it or correct the list."
                )
            paths.append(path)
        return paths


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
