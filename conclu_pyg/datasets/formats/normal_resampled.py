"""The release ``modelnet40_normal_resampled``: a text file for each shape, and lists of names."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from conclu_pyg.data.clean import RawCloud
from conclu_pyg.datasets.formats.base import (
    SPLITS,
    Format,
    FormatOptions,
    check_missing,
    missing_notices,
    read_names,
)
from conclu_pyg.errors import DataError
from conclu_pyg.io.text import read_text_cloud

VARIANTS = (40, 10)
NAME = re.compile(r"([A-Za-z0-9_]+)_(\d+)")  # class and number; rejects paths out of the folder


class NormalResampled(Format):
    """``modelnet40_shape_names.txt``, ``modelnet40_{train,test}.txt`` and ``<class>/<class>_0001.txt``, **y up**.

    Each file has 10,000 lines of six numbers, coordinates and normal; the normals are not read. The release also lists
    the shapes of ModelNet10 in ``modelnet10_*.txt``, which the option ``variant`` selects.
    """

    title = "normal_resampled"
    expects = (
        "modelnet40_normal_resampled (modelnet40_shape_names.txt, modelnet40_train.txt and <class>/<class>_0001.txt)"
    )
    up_axis = 1

    def __init__(self, folder: Path, options: FormatOptions) -> None:
        super().__init__(folder, options)
        there = [variant for variant in VARIANTS if _names_file(folder, variant).is_file()]
        self.variant = options.variant or (there or VARIANTS)[0]
        self.classes = read_names(_names_file(folder, self.variant), "the names of the classes")
        self._list = cache(self._list_shapes)

    @classmethod
    def matches(cls, folder: Path) -> bool:
        return any(_names_file(folder, variant).is_file() for variant in VARIANTS) or any(
            (folder / f"modelnet{variant}_{split}.txt").is_file() for variant in VARIANTS for split in SPLITS
        )

    def files(self, split: str) -> list[Path]:
        return [path for _, _, path in self._list(split)[0]]

    def count(self, split: str) -> int:
        return len(self._list(split)[0])

    def read(self, split: str, num_points: int, seed: int) -> Iterator[RawCloud]:
        for label, name, path in self._list(split)[0]:
            yield RawCloud(read_text_cloud(path), label, name, str(path))

    def notices(self, split: str) -> list[str]:
        shapes, missing = self._list(split)
        return missing_notices(self.folder, split, len(shapes), missing)

    def _list_shapes(self, split: str) -> tuple[list[tuple[int, str, Path]], list[Path]]:
        """Returns label, name and file of each listed shape, and the missing files."""
        listing = self.folder / f"modelnet{self.variant}_{split}.txt"
        labels = {name: label for label, name in enumerate(self.classes)}
        shapes, missing = [], []
        for line in read_names(listing, f"the shapes of the split {split!r}"):
            match = NAME.fullmatch(line)
            if match is None or match[1] not in labels:
                raise DataError(
                    f"{listing}: expected a class of {_names_file(self.folder, self.variant).name} and a number, such "
                    f"as {self.classes[0]}_0001, got {line!r}; restore the list.",
                    file=listing,
                    got=line,
                )
            path = self.folder / match[1] / f"{line}.txt"
            if path.is_file():
                shapes.append((labels[match[1]], f"{match[1]}/{line}", path))
            else:
                missing.append(path)
        check_missing(str(listing), len(shapes), missing, self.options.allow_missing)
        return shapes, missing


def _names_file(folder: Path, variant: int) -> Path:
    return folder / f"modelnet{variant}_shape_names.txt"
