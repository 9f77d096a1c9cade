"""The text releases of ShapeNetPart: a folder for each category, and lists of shapes in JSON."""

from __future__ import annotations

import re
from abc import abstractmethod
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

from conclu_pyg.data.clean import RawCloud
from conclu_pyg.datasets.formats.base import FormatOptions, check_missing, missing_notices, read_json
from conclu_pyg.datasets.formats.parts import PartFormat, read_categories
from conclu_pyg.errors import DataError
from conclu_pyg.io.text import read_columns

ENTRY = re.compile(r"(?:[\w-]+/)?([\w-]+)/([\w-]+)")  # shape_data/02691156/1021a0…; rejects paths out of the folder


class Shape(NamedTuple):
    """A listed shape: its class, its name, and its files, the points first."""

    label: int
    name: str
    paths: tuple[Path, ...]


class SynsetTree(PartFormat):
    """``synsetoffset2category.txt``, a folder for each of its categories, and
    ``train_test_split/shuffled_{train,val,test}_file_list.json``; **y up**, as ShapeNet is.

    An entry of the lists looks like ``shape_data/02691156/1021a0914a7207aff927ed529ad90a11``. A shape that is listed
    more than once is read once and reported, and so are shapes of the split ``test`` that are also listed for training.
    """

    names_file = "synsetoffset2category.txt"
    up_axis = 1

    def __init__(self, folder: Path, options: FormatOptions) -> None:
        super().__init__(folder, options)
        categories = read_categories(folder / self.names_file)
        self.classes = list(categories)
        self._labels = {synset: label for label, synset in enumerate(categories.values())}
        self._entries = cache(self._read_list)
        self._list = cache(self._find_shapes)

    @abstractmethod
    def paths_of(self, synset: str, name: str) -> tuple[Path, ...]:
        """Returns the files of a shape, the points first."""

    def list_file(self, name: str) -> Path:
        return self.folder / "train_test_split" / f"shuffled_{name}_file_list.json"

    def files(self, split: str) -> list[Path]:
        return [self.folder / self.names_file, *(path for shape in self.shapes(split) for path in shape.paths)]

    def count(self, split: str) -> int:
        return len(self.shapes(split))

    def shapes(self, split: str) -> list[Shape]:
        """Returns the shapes of a split whose files exist, in the order of the lists."""
        return self._list(split)[0]

    def notices(self, split: str) -> list[str]:
        shapes, missing = self._list(split)
        notices = missing_notices(self.folder, split, len(shapes), missing)
        entries = self._entries_of(split)
        repeated = len(entries) - len(set(entries))
        if repeated:
            notices.append(
                f"{self.folder}: {repeated:,} of {len(entries):,} entries in the lists of the split {split!r} are "
                f"duplicates; each shape was read once."
            )
        if split == "test" and self.list_file("train").is_file():
            trained = set(self._entries_of("trainval")).intersection(entries)
            if trained:
                notices.append(
                    f"{self.folder}: {len(trained):,} shapes of the split 'test' are also listed for training (for "
                    f"example {min(trained)[1]}); test results include them."
                )
        return notices

    def _find_shapes(self, split: str) -> tuple[list[Shape], list[Path]]:
        """Returns the listed shapes whose files exist, and the missing files."""
        shapes, missing = [], []
        for synset, name in dict.fromkeys(self._entries_of(split)):
            paths = self.paths_of(synset, name)
            absent = [path for path in paths if not path.is_file()]
            missing += absent[:1]
            if not absent:
                label = self._labels[synset]
                shapes.append(Shape(label, f"{self.classes[label]}/{name}", paths))
        listing = " and ".join(str(self.list_file(each)) for each in self.lists(split))
        check_missing(listing, len(shapes), missing, self.options.allow_missing)
        return shapes, missing

    def _entries_of(self, split: str) -> list[tuple[str, str]]:
        return [entry for name in self.lists(split) for entry in self._entries(name)]

    def _read_list(self, name: str) -> list[tuple[str, str]]:
        """Returns the entries of a published list: the folder and the name of each shape."""
        path = self.list_file(name)
        listed = read_json(path, f"the shapes of the split {name!r}")
        if not isinstance(listed, list) or not listed:
            raise DataError(
                f"{path}: expected a list of shapes, got {listed!r:.40}; restore it.", file=path, got=listed
            )
        entries = []
        for line in listed:
            match = ENTRY.fullmatch(line) if isinstance(line, str) else None
            if match is None or match[1] not in self._labels:
                raise DataError(
                    f"{path}: expected a folder of {self.names_file} and a shape, such as "
                    f"shape_data/{next(iter(self._labels))}/1a04e3eab45ca15dd86060f189eb133, got {line!r:.80}; restore "
                    f"the list.",
                    file=path,
                    got=line,
                )
            entries.append((match[1], match[2]))
        return entries


class SegFiles(SynsetTree):
    """The release ``shapenetcore_partanno_segmentation_benchmark_v0``, with two files for each shape:
    ``<synset>/points/*.pts`` and ``<synset>/points_label/*.seg``.

    Each line of a ``.pts`` file has the coordinates of a point, and the same line of the ``.seg`` file its part,
    counted from 1 within the category.
    """

    title = "pts and seg files"
    expects = "the release v0 (synsetoffset2category.txt, <synset>/points/*.pts and <synset>/points_label/*.seg)"
    within_classes = True

    @classmethod
    def matches(cls, folder: Path) -> bool:
        return (folder / cls.names_file).is_file() and any(
            (path / name).is_dir() for path in folder.iterdir() for name in ("points", "points_label")
        )

    def paths_of(self, synset: str, name: str) -> tuple[Path, ...]:
        folder = self.folder / synset
        return folder / "points" / f"{name}.pts", folder / "points_label" / f"{name}.seg"

    def read(self, split: str, num_points: int, seed: int) -> Iterator[RawCloud]:
        for label, name, (pts, seg) in self.shapes(split):
            points = read_columns(pts, (0, 1, 2), "three coordinates first on each line")
            part = read_columns(seg, (0,), "a part label on each line")[:, 0]
            yield RawCloud(points, label, name, f"{pts} (parts in {seg.parent.name}/{seg.name})", part=part)


class NormalParts(SynsetTree):
    """The release ``shapenetcore_partanno_segmentation_benchmark_v0_normal``, with ``<synset>/*.txt``.

    Each line has the coordinates of a point, its normal, which is not read, and its part, counted from 0 over the parts
    of all categories.
    """

    title = "text files with parts"
    expects = "the release v0_normal (synsetoffset2category.txt, train_test_split and <synset>/*.txt)"

    @classmethod
    def matches(cls, folder: Path) -> bool:
        return (folder / cls.names_file).is_file()

    def paths_of(self, synset: str, name: str) -> tuple[Path, ...]:
        return (self.folder / synset / f"{name}.txt",)

    def read(self, split: str, num_points: int, seed: int) -> Iterator[RawCloud]:
        for label, name, (path,) in self.shapes(split):
            numbers = read_columns(path, (0, 1, 2, 6), "a point, its normal and its part, seven numbers, on each line")
            yield RawCloud(numbers[:, :3], label, name, str(path), part=numbers[:, 3])
