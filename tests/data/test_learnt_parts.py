"""Parts that no list names, found in the labels of the training shapes."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import pytest

from conclu_pyg.data.layouts import SHAPENET_PART, LayoutOptions, PartLayout, find_layout
from conclu_pyg.data.layouts.part_table import PartTable
from conclu_pyg.data.learnt_parts import learn_parts


def learn(folder: Path) -> PartTable:
    layout: PartLayout = find_layout(folder, LayoutOptions(allow_missing=True), SHAPENET_PART)
    return learn_parts(layout, "Toy", folder.parent / "cache")


def test_labels_that_no_shape_has_belong_to_no_class(tmp_path: Path, part_release: Any) -> None:
    for shape in part_release.shapes["train"]:
        shape.part[...] = {0: 0, 1: 2, 2: 2, 3: 5, 4: 7}[shape.part[0]]
    train = part_release.shapes["train"]
    table = learn(part_release.write_normal(tmp_path / "data"))
    seen = [{int(s.part[0]) for s in train if s.category == name} for name in ("Table", "Mug")]
    assert table.labels.class_parts == tuple(tuple(sorted(own)) for own in seen)
    assert len(table.labels.parts) == 1 + max(seen[1]) and table.labels.parts[1] == "unseen/1"
    assert all(table.labels.parts[part] == f"Mug/{part}" for part in seen[1])


def test_within_classes_the_largest_label_counts(tmp_path: Path, part_release: Any) -> None:
    for shape in part_release.shapes["train"]:
        shape.part[shape.part == 1] = 2  # Table has no point of its second part
    table = learn(part_release.write_v0(tmp_path / "data"))
    assert table.labels.class_parts == ((0, 1, 2), (3, 4)) and table.labels.parts[1] == "Table/2"


def test_of_h5_files_without_a_list(tmp_path: Path, part_release: Any) -> None:
    table = learn(part_release.write_h5(tmp_path / "data", parts="none"))
    assert table.labels.class_parts == table.in_files == ((0, 1, 2), (3, 4)) and table.labels.parts[3] == "Mug/3"


def test_a_changed_file_is_looked_into_again(tmp_path: Path, part_release: Any) -> None:
    folder = part_release.write_v0(tmp_path / "data")
    assert len(learn(folder).labels.parts) == 5
    with (folder / "03797390" / "points_label" / "train0.seg").open("a") as file:
        file.write("3\n")
    assert len(learn(folder).labels.parts) == 6


def test_a_part_of_two_classes_is_refused(tmp_path: Path, part_release: Any, refusal: Callable[..., str]) -> None:
    folder = part_release.write_h5(tmp_path / "data", parts="none")
    with h5py.File(folder / "ply_data_train0.h5", "r+") as file:
        file["pid"][4, 3] = 2
    message = refusal(learn, folder)
    assert "cloud 4 (Mug/train1), of Mug, has the part label 2, which" in message
    assert "cloud 0 (Table/train0), of Table, has too, but a part belongs to one category" in message


@pytest.mark.parametrize("value", ["0", "-1", "10000", "1e9", "1.5", "nan", "inf"])
def test_what_is_no_label_is_refused(
    tmp_path: Path, part_release: Any, refusal: Callable[..., str], value: str
) -> None:
    folder = part_release.write_v0(tmp_path / "data")
    (folder / "03797390" / "points_label" / "train1.seg").write_text(f"1\n{value}\n")
    message = refusal(learn, folder)
    assert f"train1.seg) has the part label {float(value):g}, but labels must be whole numbers from 1 to" in message


def test_a_class_without_training_shapes_is_refused(
    tmp_path: Path, part_release: Any, refusal: Callable[..., str]
) -> None:
    folder = part_release.write_normal(tmp_path / "data")
    for path in folder.glob("03797390/train*.txt"):
        path.unlink()
    message = refusal(learn, folder)
    assert f"Mug has no parts by the training shapes of {folder}; add them there or take Mug out of the list" in message
