"""ShapeNetPart's release hdf5_data."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from conclu_pyg.datasets.formats import SHAPENET_PART, FormatOptions, find_format
from conclu_pyg.datasets.formats.h5_parts import H5Parts


def open_h5(folder: Path, allow_missing: bool = False) -> H5Parts:
    opened = find_format(folder, FormatOptions(allow_missing=allow_missing), SHAPENET_PART)
    assert isinstance(opened, H5Parts)
    return opened


@pytest.mark.parametrize(("parts", "name"), [("ids", "Mug/1"), ("names", "Mug/part3")])
def test_the_parts_are_those_of_the_list(tmp_path: Path, part_release: Any, parts: str, name: str) -> None:
    opened = open_h5(part_release.write_h5(tmp_path / "h5", parts=parts))
    table = opened.listed_parts()
    assert table is not None and table.labels.class_parts == table.in_files == ((0, 1, 2), (3, 4))
    assert table.labels.parts[3] == name and opened.classes == ["Table", "Mug"]
    assert any(path.name.startswith("overallid_") for path in opened.files("train"))


def test_without_a_list_the_parts_are_unknown(tmp_path: Path, part_release: Any) -> None:
    assert open_h5(part_release.write_h5(tmp_path / "h5", parts="none")).listed_parts() is None


def test_trainval_reads_both_lists(tmp_path: Path, part_release: Any, refusal: Callable[..., str]) -> None:
    folder = part_release.write_h5(tmp_path / "h5")
    opened = open_h5(folder)
    assert opened.count("trainval") == 7
    parts = np.stack([cloud.part for cloud in opened.read("trainval", 1, 0) if cloud.part is not None])
    assert np.array_equal(parts, [s.part for split in ("train", "val") for s in part_release.shapes[split]])
    (folder / "ply_data_val0.h5").unlink()
    assert "val_hdf5_file_list.txt lists ply_data_val0.h5, which is not in its folder" in refusal(
        open_h5(folder).count, "trainval"
    )
    opened = open_h5(folder, allow_missing=True)
    assert opened.count("trainval") == 5
    assert "1 of 2 files of the split 'trainval' are missing and were skipped" in opened.notices("trainval")[0]


NAMED = {"category": "Table", "part": "leg", "id": 0}


@pytest.mark.parametrize(
    ("name", "content", "found"),
    [
        ("ids", "[", "is not a JSON file"),
        ("ids", "{}", "expected a list of the parts, with the categories in all_object_categories.txt, got {}"),
        ("ids", '[["04379243", 1], ["00000000", 1]]', "got ['00000000', 1]; restore it"),
        ("ids", '[["04379243", 1], ["03797390", null]]', "got ['03797390', None]"),
        (
            "ids",
            '[["04379243", 1], 7]',
            "expected the id of a category and the number of a part, with",
        ),
        ("ids", '[["04379243", 1]]', "Mug has no parts according to"),
        ("names", json.dumps([NAMED, NAMED]), "expected a category, a part and its unique id below 2"),
        ("names", json.dumps([{**NAMED, "id": 1}]), "expected a category, a part and its unique id below 1"),
        ("names", json.dumps([{**NAMED, "id": True}]), "expected a category, a part and its unique id"),
        ("names", json.dumps([{**NAMED, "category": "Lamp"}]), "with the categories in all_object_categories.txt"),
        ("names", json.dumps([{**NAMED, "part": 3}]), "expected a category, a part and its unique id"),
        ("names", json.dumps([NAMED]), "Mug has no parts according to"),
    ],
)
def test_malformed_lists_of_parts(
    tmp_path: Path, part_release: Any, refusal: Callable[..., str], name: str, content: str, found: str
) -> None:
    folder = part_release.write_h5(tmp_path / "h5", parts=name)
    (path,) = folder.glob("overallid_*.json")
    path.write_text(content)
    message = refusal(open_h5(folder).listed_parts)
    assert found in message and str(path) in message


@pytest.mark.parametrize(
    ("pid", "found"),
    [
        (None, "expected the data sets 'data', 'label' and 'pid', got 'data', 'label'"),
        (
            np.zeros((3, 29), "u1"),
            "'pid' must hold an integer for each of the 30 points of the 3 clouds in 'data', got",
        ),
        (np.zeros((2, 30), "u1"), r"got uint8 [2, 30]"),
        (np.zeros((3, 30), "f4"), r"got float32 [3, 30]"),
    ],
)
def test_malformed_files(
    tmp_path: Path, part_release: Any, refusal: Callable[..., str], pid: np.ndarray | None, found: str
) -> None:
    folder = part_release.write_h5(tmp_path / "h5")
    with h5py.File(folder / "ply_data_test0.h5", "r+") as file:
        del file["pid"]
        if pid is not None:
            file["pid"] = pid
    message = refusal(open_h5(folder).count, "test")
    assert found in message and "ply_data_test0.h5" in message


def test_a_label_without_a_category_names_their_file(
    tmp_path: Path, part_release: Any, refusal: Callable[..., str]
) -> None:
    folder = part_release.write_h5(tmp_path / "h5")
    with h5py.File(folder / "ply_data_test0.h5", "r+") as file:
        file["label"][1] = 2
    assert "must be 0 to 1 (2 class names in all_object_categories.txt)" in refusal(open_h5(folder).count, "test")


@pytest.mark.parametrize("vertical", [0, 1, 2])
def test_the_up_axis_is_measured(tmp_path: Path, part_release: Any, vertical: int) -> None:
    folder = part_release.write_h5(tmp_path / "h5", parts="none")
    rng = np.random.default_rng(0)
    data = rng.normal(size=(60, 64, 3))
    data[..., vertical] = rng.exponential(size=(60, 64))
    (folder / "all_object_categories.txt").write_text("".join(f"Class{label} {label}\n" for label in range(6)))
    assert open_h5(folder).up_axis == 1  # too few to measure: as ShapeNet is, whatever the number of points
    with h5py.File(folder / "ply_data_train0.h5", "w") as file:
        file["data"], file["label"], file["pid"] = data, np.arange(60) % 6, np.zeros((60, 64), "u1")
    assert open_h5(folder).up_axis == vertical


def test_real_release(conclu_data: Path) -> None:
    opened = open_h5(conclu_data / "psb_part_hdf5_2048")
    table = opened.listed_parts()
    assert table is not None and len(table.labels.parts) == 94 and len(table.labels.classes) == 19
    assert (opened.count("train"), opened.count("test")) == (228, 152)
    cloud = next(opened.read("test", 1, 0))
    assert cloud.part is not None and cloud.part.shape == (2048,) and cloud.name == "Armadillo/284"
