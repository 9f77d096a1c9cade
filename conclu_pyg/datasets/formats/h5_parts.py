"""The release ``hdf5_data`` of ShapeNetPart: h5 files as for ModelNet, with the part of each point."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from conclu_pyg.datasets.formats.base import read_json
from conclu_pyg.datasets.formats.h5_release import H5Release
from conclu_pyg.datasets.formats.part_table import PartTable
from conclu_pyg.datasets.formats.parts import PartFormat, read_categories
from conclu_pyg.errors import DataError

BY_ID = "overallid_to_catid_partid.json"
BY_NAME = "overallid_to_category_part.json"


class H5Parts(H5Release, PartFormat):
    """``{train,val,test}_hdf5_file_list.txt``, ``all_object_categories.txt`` and the h5 files that the lists name.

    In addition to ``data`` and ``label`` the files hold ``pid``, the part of each point, counted from 0 over the parts
    of all categories. Two files may list the parts: ``overallid_to_catid_partid.json`` of the public release, a list
    with a category's id and a number for each part, and ``overallid_to_category_part.json``, a list of
    ``{"category": "Airplane", "part": "body", "id": 0}`` with names. If both exist, the names are used.

    The up axis is measured as in :class:`~conclu_pyg.datasets.formats.h5_release.H5Release`. If the result is unclear,
    the clouds are assumed to be **y up**, as ShapeNet is.
    """

    file_list = "{split}_hdf5_file_list.txt"
    names_file = "all_object_categories.txt"
    has_parts = True
    title = "h5 release with parts"
    expects = "hdf5_data (train_hdf5_file_list.txt, test_hdf5_file_list.txt, all_object_categories.txt and .h5 files)"

    def files(self, split: str) -> list[Path]:
        listed = (self.folder / name for name in (BY_NAME, BY_ID))
        return [*super().files(split), *(path for path in listed if path.is_file())]

    def listed_parts(self) -> PartTable | None:
        ids = read_categories(self.folder / self.names_file)
        for name, read in ((BY_NAME, _read_names), (BY_ID, _read_ids)):
            path = self.folder / name
            if path.is_file():
                parts = read(read_json(path, "the parts"), ids, path)
                return PartTable.overall(self.classes, [part for _, part in parts], [c for c, _ in parts], str(path))
        return None

    def _read_classes(self) -> list[str]:
        return list(read_categories(self.folder / self.names_file))

    def _conventional_axis(self, num_points: int) -> int:
        return 1


def _read_names(entries: Any, categories: dict[str, str], path: Path) -> list[tuple[int, str]]:
    """Returns the class and the name of each part, from ``[{"category": …, "part": …, "id": …}, …]``."""
    classes = {name: label for label, name in enumerate(categories)}
    parts: dict[int, tuple[int, str]] = {}
    for entry in _list(entries, path):
        values = entry if isinstance(entry, dict) else {}
        category, part, label = values.get("category"), values.get("part"), values.get("id", -1)
        new = type(label) is int and 0 <= label < len(entries) and label not in parts
        if not new or not isinstance(part, str) or not isinstance(category, str) or category not in classes:
            raise _malformed(path, entry, f"a category, a part and its unique id below {len(entries)}")
        parts[label] = (classes[category], f"{category}/{part}")
    return [parts[label] for label in sorted(parts)]


def _read_ids(entries: Any, categories: dict[str, str], path: Path) -> list[tuple[int, str]]:
    """Returns the class and the name of each part, from ``[["02691156", 1], …]`` in the order of the labels."""
    names = {identifier: (label, name) for label, (name, identifier) in enumerate(categories.items())}
    parts = []
    for entry in _list(entries, path):
        category, part = entry if isinstance(entry, list) and len(entry) == 2 else (None, None)
        if not isinstance(category, str) or category not in names or type(part) not in (int, str):
            raise _malformed(path, entry, "the id of a category and the number of a part")
        label, name = names[category]
        parts.append((label, f"{name}/{part}"))
    return parts


def _list(entries: Any, path: Path) -> list[Any]:
    if not isinstance(entries, list) or not entries:
        raise _malformed(path, entries, "a list of the parts")
    return entries


def _malformed(path: Path, found: Any, expected: str) -> DataError:
    return DataError(
        f"{path}: expected {expected}, with the categories in {H5Parts.names_file}, got {found!r:.80}; restore it.",
        file=path,
        got=found,
    )
