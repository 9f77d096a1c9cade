"""The release ``modelnet40_ply_hdf5_2048``: h5 files, a list of them for each split, and class names."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from functools import cached_property
from itertools import repeat
from pathlib import Path, PurePosixPath

from conclu_pyg.data.clean import RawCloud
from conclu_pyg.data.up_axis import measure_up_axis
from conclu_pyg.datasets.formats.base import SPLITS, Format, FormatOptions, read_json, read_names
from conclu_pyg.errors import ConcluWarning, DataError
from conclu_pyg.io.h5 import H5Clouds

PUBLIC_POINTS = 2048  # points in each cloud of the public release, which is y up
MAX_MEASURED = 256  # clouds on which the up axis is measured
NAMES_HINT = "restore it, or delete it to do without names"


class H5Release(Format):
    """``train_files.txt``, ``test_files.txt``, ``shape_names.txt`` and the h5 files that the lists name.

    The lists contain paths of their authors, such as ``data/modelnet40_ply_hdf5_2048/ply_data_train0.h5``; only the
    file name is used, next to the list. Names of shapes are read from ``ply_data_train_0_id2file.json`` if it exists.

    The files do not state the up axis, so it is measured on up to 256 clouds, evenly spread over the first file: see
    :func:`~conclu_pyg.data.up_axis.measure_up_axis`. If the clouds are too few or too symmetric for that, clouds of
    2,048 points are assumed to be **y up**, as the public release is, and others **z up**, as ModelNet's meshes are.
    """

    file_list = "{split}_files.txt"
    names_file = "shape_names.txt"
    has_parts = False
    title = "h5 release"
    expects = "the h5 release (train_files.txt, test_files.txt, shape_names.txt and .h5 files)"

    def __init__(self, folder: Path, options: FormatOptions) -> None:
        super().__init__(folder, options)
        self.classes = self._read_classes()
        self._clouds: dict[str, list[H5Clouds]] = {}

    @classmethod
    def matches(cls, folder: Path) -> bool:
        return any((folder / cls.file_list.format(split=split)).is_file() for split in SPLITS)

    @cached_property
    def up_axis(self) -> int:  # type: ignore[override]
        existing = (split for split in SPLITS if self.list_file(split).is_file())
        first = self._open_file(self._h5_files(next(existing))[0])
        rows = slice(None, None, -(-len(first) // MAX_MEASURED) or 1)
        measured = measure_up_axis(first.read(rows), first.labels[rows])
        if measured is not None:
            return measured
        assumed = self._conventional_axis(first.num_points)
        warnings.warn(
            f"{self.folder}: the up axis of its clouds cannot be measured; assuming {'xyz'[assumed]}. Set "
            f"dataset.up_axis=x, y or z if this is wrong.",
            ConcluWarning,
            stacklevel=2,
        )
        return assumed

    def list_file(self, name: str) -> Path:
        """Returns the file that lists the h5 files of a split, whether or not it exists."""
        return self.folder / self.file_list.format(split=name)

    def files(self, split: str) -> list[Path]:
        paths = self._h5_files(split)
        names = [names for path in paths if (names := _names_file(path)).is_file()]
        return [self.folder / self.names_file, *paths, *names]

    def count(self, split: str) -> int:
        return sum(len(clouds) for clouds in self._open(split))

    def read(self, split: str, num_points: int, seed: int) -> Iterator[RawCloud]:
        for clouds in self._open(split):
            names = _read_names(clouds)
            parts = clouds.part() if self.has_parts else repeat(None)
            for index, (points, part) in enumerate(zip(clouds, parts, strict=False)):  # repeat() has no end
                source = f"{clouds.path}, cloud {index} ({names[index]})"
                yield RawCloud(points, int(clouds.labels[index]), names[index], source, part=part)

    def _open(self, split: str) -> list[H5Clouds]:
        if split not in self._clouds:
            self._clouds[split] = [self._open_file(path) for path in self._h5_files(split)]
        return self._clouds[split]

    def _open_file(self, path: Path) -> H5Clouds:
        return H5Clouds(path, len(self.classes), names_file=self.names_file, parts=self.has_parts)

    def _read_classes(self) -> list[str]:
        return read_names(self.folder / self.names_file, "the names of the classes")

    def _conventional_axis(self, num_points: int) -> int:
        """Returns the up axis to assume if it cannot be measured."""
        return 1 if num_points == PUBLIC_POINTS else 2

    def notices(self, split: str) -> list[str]:
        listed, missing = self._listed(split)
        if not missing:
            return []
        return [
            f"{self.folder}: {len(missing)} of {len(listed)} files of the split {split!r} are missing and were skipped "
            f"because of dataset.allow_missing ({', '.join(path.name for path in missing)})."
        ]

    def _h5_files(self, split: str) -> list[Path]:
        """Returns the existing files of the split: all that are listed, unless files may be missing."""
        listed, missing = self._listed(split)
        if missing and not (self.options.allow_missing and len(missing) < len(listed)):
            found = ", ".join(sorted(path.name for path in self.folder.glob("*.h5"))) or "none"
            hint = ", or use the others by dataset.allow_missing=true" if len(missing) < len(listed) else ""
            raise DataError(
                f"{self._list_naming(split, missing[0])} lists {missing[0].name}, which is not in its folder (h5 files "
                f"there: {found}); restore it or correct the list{hint}.",
                file=self._list_naming(split, missing[0]),
            )
        return [path for path in listed if path not in missing]

    def _listed(self, split: str) -> tuple[list[Path], list[Path]]:
        """Returns the files that the lists of the split name, and the missing ones among them."""
        listed = [path for name in self.lists(split) for path in self._read_list(name)]
        return listed, [path for path in listed if not path.is_file()]

    def _read_list(self, name: str) -> list[Path]:
        lines = read_names(self.list_file(name), f"the h5 files of the split {name!r}")
        return [self.folder / PurePosixPath(line.replace("\\", "/")).name for line in lines]

    def _list_naming(self, split: str, path: Path) -> Path:
        return next(self.list_file(name) for name in self.lists(split) if path in self._read_list(name))


def _names_file(path: Path) -> Path:
    """Returns ``ply_data_train_0_id2file.json`` for ``ply_data_train0.h5``."""
    return path.with_name(re.sub(r"(\d+)$", r"_\1", path.stem) + "_id2file.json")


def _read_names(clouds: H5Clouds) -> list[str]:
    """Returns the names of the shapes in a file: those of its list, or else the file's name with a number."""
    path = _names_file(clouds.path)
    if not path.is_file():
        return [f"{clouds.path.stem}/{index:04d}" for index in range(len(clouds))]
    names = read_json(path, "the names of shapes", NAMES_HINT)
    if not isinstance(names, list) or len(names) != len(clouds) or not all(isinstance(name, str) for name in names):
        found = f"{len(names):,} entries" if isinstance(names, list) else type(names).__name__
        raise DataError(
            f"{path}: expected a list with a name for each of the {len(clouds):,} clouds in {clouds.path.name}, got "
            f"{found}; {NAMES_HINT}.",
            file=path,
            got=found,
        )
    return [re.sub(r"\.(ply|off|txt)$", "", name) for name in names]
