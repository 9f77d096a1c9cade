"""A small data set with parts in each format of ShapeNetPart."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import h5py
import numpy as np
import pytest

SYNSETS = {"Table": "04379243", "Mug": "03797390"}
PARTS = {"Table": [0, 1, 2], "Mug": [3, 4]}  # by label over all categories
SIZES = {"train": {"Table": 3, "Mug": 2}, "val": {"Table": 1, "Mug": 1}, "test": {"Table": 2, "Mug": 1}}
POINTS = 30


class Shape(NamedTuple):
    category: str
    name: str
    points: np.ndarray
    part: np.ndarray


class PartRelease:
    """The shapes, and their writers."""

    def __init__(self) -> None:
        rng = np.random.default_rng(0)
        self.shapes: dict[str, list[Shape]] = {}
        for split, sizes in SIZES.items():
            self.shapes[split] = [
                Shape(
                    category,
                    f"{split}{index}",
                    rng.normal(size=(POINTS, 3)).astype("f4"),
                    rng.permutation(np.resize(PARTS[category], POINTS)),
                )
                for category, size in sizes.items()
                for index in range(size)
            ]

    def write_v0(self, folder: Path, splits: tuple[str, ...] = ("train", "val", "test")) -> Path:
        for split in splits:
            for category, name, points, part in self.shapes[split]:
                place = folder / SYNSETS[category]
                for sub in ("points", "points_label"):
                    (place / sub).mkdir(parents=True, exist_ok=True)
                np.savetxt(place / "points" / f"{name}.pts", points, "%.9g")
                np.savetxt(place / "points_label" / f"{name}.seg", part - PARTS[category][0] + 1, "%d")
        return self._write_lists(folder, splits)

    def write_normal(self, folder: Path, splits: tuple[str, ...] = ("train", "val", "test")) -> Path:
        for split in splits:
            for category, name, points, part in self.shapes[split]:
                place = folder / SYNSETS[category]
                place.mkdir(parents=True, exist_ok=True)
                np.savetxt(place / f"{name}.txt", np.column_stack([points, np.zeros_like(points), part]), "%.9g")
        return self._write_lists(folder, splits)

    def write_h5(self, folder: Path, splits: tuple[str, ...] = ("train", "val", "test"), parts: str = "ids") -> Path:
        folder.mkdir(parents=True, exist_ok=True)
        labels = {name: label for label, name in enumerate(SYNSETS)}
        for split in splits:
            shapes = self.shapes[split]
            with h5py.File(folder / f"ply_data_{split}0.h5", "w") as file:
                file["data"] = np.stack([shape.points for shape in shapes])
                file["label"] = np.array([[labels[shape.category]] for shape in shapes], dtype="u1")
                file["pid"] = np.stack([shape.part for shape in shapes]).astype("u1")
            names = [f"{shape.category}/{shape.name}" for shape in shapes]
            (folder / f"ply_data_{split}_0_id2file.json").write_text(json.dumps(names))
            (folder / f"{split}_hdf5_file_list.txt").write_text(f"ply_data_{split}0.h5\n")
        lines = [f"{category}\t{synset}" for category, synset in SYNSETS.items()]
        (folder / "all_object_categories.txt").write_text("\n".join(lines))
        if parts == "ids":
            ids = [[SYNSETS[category], i + 1] for category, own in PARTS.items() for i in range(len(own))]
            (folder / "overallid_to_catid_partid.json").write_text(json.dumps(ids))
        elif parts == "names":
            named = [
                {"category": category, "part": f"part{label}", "id": label}
                for category, own in PARTS.items()
                for label in own
            ]
            (folder / "overallid_to_category_part.json").write_text(json.dumps(named[::-1]))
        return folder

    @staticmethod
    def list_file(folder: Path, split: str) -> Path:
        return folder / "train_test_split" / f"shuffled_{split}_file_list.json"

    def _write_lists(self, folder: Path, splits: tuple[str, ...]) -> Path:
        (folder / "train_test_split").mkdir(parents=True)
        lines = [f"{category}\t{synset}" for category, synset in SYNSETS.items()]
        (folder / "synsetoffset2category.txt").write_text("\n".join(lines) + "\n")
        for split in splits:
            entries = [f"shape_data/{SYNSETS[shape.category]}/{shape.name}" for shape in self.shapes[split]]
            self.list_file(folder, split).write_text(json.dumps(entries))
        return folder


@pytest.fixture
def part_release() -> PartRelease:
    return PartRelease()


@pytest.fixture
def refusal() -> Callable[..., str]:
    """Calls a function and returns the message of its error."""
    from conclu_pyg.errors import DataError

    def refusal(function: Callable[..., object], *arguments: object) -> str:
        with pytest.raises(DataError) as caught:
            function(*arguments)
        message = str(caught.value)
        assert message.endswith((".", "…")) and "\n" not in message
        return message

    return refusal
