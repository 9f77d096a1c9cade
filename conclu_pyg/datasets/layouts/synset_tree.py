"""What the releases of ShapeNetPart as text files have in common: a folder for each category, and lists in JSON."""

from __future__ import annotations

import re
from abc import abstractmethod
from functools import cache
from pathlib import Path
from typing import NamedTuple

from conclu_pyg.datasets.layouts.base import LayoutOptions, check_missing, missing_notices, read_json
from conclu_pyg.datasets.layouts.parts import PartLayout, read_categories
from conclu_pyg.errors import DataError

ENTRY = re.compile(r"(?:[\w-]+/)?([\w-]+)/([\w-]+)")  # shape_data/02691156/1021a0…; keeps it inside of the folder too


class Shape(NamedTuple):
    """A listed shape: its class, what it is called, and its files, the points first."""

    label: int
    name: str
    paths: tuple[Path, ...]


class SynsetTree(PartLayout):
    """``synsetoffset2category.txt``, a folder for each of its categories, and
    ``train_test_split/shuffled_{train,val,test}_file_list.json``; **y up**, as ShapeNet is.

    The entries of the lists are such as ``shape_data/02691156/1021a0914a7207aff927ed529ad90a11``. A shape that is
    listed more than once is read once, which is reported; so are shapes of the split ``test`` that are trained on.
    """

    names_file = "synsetoffset2category.txt"
    up_axis = 1

    def __init__(self, folder: Path, options: LayoutOptions) -> None:
        super().__init__(folder, options)
        categories = read_categories(folder / self.names_file)
        self.classes = list(categories)
        self._labels = {synset: label for label, synset in enumerate(categories.values())}
        self._entries = cache(self._read_list)
        self._list = cache(self._find_shapes)

    @abstractmethod
    def paths_of(self, synset: str, name: str) -> tuple[Path, ...]:
        """The files of a shape, that of its points first."""

    def list_file(self, name: str) -> Path:
        return self.folder / "train_test_split" / f"shuffled_{name}_file_list.json"

    def files(self, split: str) -> list[Path]:
        return [self.folder / self.names_file, *(path for shape in self.shapes(split) for path in shape.paths)]

    def count(self, split: str) -> int:
        return len(self.shapes(split))

    def shapes(self, split: str) -> list[Shape]:
        """The shapes of a split whose files are there, in the order of the lists."""
        return self._list(split)[0]

    def notices(self, split: str) -> list[str]:
        shapes, missing = self._list(split)
        notices = missing_notices(self.folder, split, len(shapes), missing)
        entries = self._entries_of(split)
        repeated = len(entries) - len(set(entries))
        if repeated:
            notices.append(
                f"{self.folder}: {repeated:,} of {len(entries):,} entries in the lists of the split {split!r} are "
                f"repetitions; each shape was read once."
            )
        if split == "test" and self.list_file("train").is_file():
            trained = set(self._entries_of("trainval")).intersection(entries)
            if trained:
                notices.append(
                    f"{self.folder}: {len(trained):,} shapes of the split 'test' are listed for training too "
                    f"({min(trained)[1]}, for one); results on it count them."
                )
        return notices

    def _find_shapes(self, split: str) -> tuple[list[Shape], list[Path]]:
        """The listed shapes, and the files that are not there."""
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
        """The entries of a published list: the folder and the name of each shape."""
        path = self.list_file(name)
        listed = read_json(path, f"the shapes of the split {name!r}")
        if not isinstance(listed, list) or not listed:
            raise DataError(f"{path} must be a list of shapes, found {listed!r:.40}; restore it.")
        entries = []
        for line in listed:
            match = ENTRY.fullmatch(line) if isinstance(line, str) else None
            if match is None or match[1] not in self._labels:
                raise DataError(
                    f"{path} lists {line!r:.80}; expected a folder of {self.names_file} and a shape, such as "
                    f"shape_data/{next(iter(self._labels))}/1a04e3eab45ca15dd86060f189eb133. Restore the list."
                )
            entries.append((match[1], match[2]))
        return entries
