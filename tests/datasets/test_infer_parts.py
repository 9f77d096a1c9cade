"""Parts inferred from the labels of the training shapes."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import torch

from conclu_pyg.datasets.formats import SHAPENET_PART, FormatOptions, PartFormat, find_format
from conclu_pyg.datasets.formats.part_table import PartTable
from conclu_pyg.datasets.infer_parts import infer_parts
from conclu_pyg.errors import ConcluWarning
from conclu_pyg.metrics.parts import part_scores


def infer(folder: Path) -> PartTable:
    opened: PartFormat = find_format(folder, FormatOptions(allow_missing=True), SHAPENET_PART)
    return infer_parts(opened, "Toy", folder.parent / "cache")


def test_labels_that_no_shape_has_belong_to_no_class(tmp_path: Path, part_release: Any) -> None:
    for shape in part_release.shapes["train"]:
        shape.part[...] = {0: 0, 1: 2, 2: 2, 3: 5, 4: 7}[shape.part[0]]
    train = part_release.shapes["train"]
    table = infer(part_release.write_normal(tmp_path / "data"))
    seen = [{int(s.part[0]) for s in train if s.category == name} for name in ("Table", "Mug")]
    assert table.labels.class_parts == tuple(tuple(sorted(own)) for own in seen)
    assert len(table.labels.parts) == 1 + max(seen[1]) and table.labels.parts[1] == "unseen/1"
    assert all(table.labels.parts[part] == f"Mug/{part}" for part in seen[1])


def test_within_classes_a_label_that_no_shape_has_is_no_part(tmp_path: Path, part_release: Any) -> None:
    for shape in part_release.shapes["train"]:
        shape.part[shape.part == 1] = 39  # Table has its parts 1, 3 and 40, and no second
    with pytest.warns(ConcluWarning, match="has the part") as caught:
        table = infer(part_release.write_v0(tmp_path / "data"))
    assert table.labels.class_parts == ((0, 1, 2), (3, 4)) and table.in_files == ((1, 3, 40), (1, 2))
    assert table.labels.parts == ("Table/1", "Table/3", "Table/40", "Mug/1", "Mug/2")
    (message,) = (str(warning.message) for warning in caught)
    assert "has the part 2, 4, 5, 6, 7, 8, 9, 10, … of Table, although there is a part 40: Table has" in message
    assert "has only the parts 1, 3, 40." in message


@pytest.mark.filterwarnings("error")
def test_without_a_gap_there_is_no_warning(tmp_path: Path, part_release: Any) -> None:
    infer(part_release.write_v0(tmp_path / "data"))


def test_guessing_is_not_rewarded_for_the_numbers_of_parts(tmp_path: Path, part_release: Any) -> None:
    """One part for every point of a shape with two halves gives (1/2 + 0) / 2, for any numbering of the parts."""
    for shape in part_release.shapes["train"]:
        shape.part[...] = np.where(np.arange(len(shape.part)) % 2, 39, 0) + (0 if shape.category == "Table" else 3)
    labels = infer(part_release.write_v0(tmp_path / "data")).labels
    truth = torch.tensor([0, 1] * 5)
    scores = part_scores(torch.zeros(10).long(), truth, torch.zeros(10).long(), torch.tensor([0]), labels)
    assert scores.values["instance mIoU"] == pytest.approx(25)


def test_of_h5_files_without_a_list(tmp_path: Path, part_release: Any) -> None:
    table = infer(part_release.write_h5(tmp_path / "data", parts="none"))
    assert table.labels.class_parts == table.in_files == ((0, 1, 2), (3, 4)) and table.labels.parts[3] == "Mug/3"


def test_a_changed_file_is_looked_into_again(tmp_path: Path, part_release: Any) -> None:
    folder = part_release.write_v0(tmp_path / "data")
    assert len(infer(folder).labels.parts) == 5
    with (folder / "03797390" / "points_label" / "train0.seg").open("a") as file:
        file.write("3\n")
    assert len(infer(folder).labels.parts) == 6


def test_a_part_of_two_classes_is_refused(tmp_path: Path, part_release: Any, refusal: Callable[..., str]) -> None:
    folder = part_release.write_h5(tmp_path / "data", parts="none")
    with h5py.File(folder / "ply_data_train0.h5", "r+") as file:
        file["pid"][4, 3] = 2
    message = refusal(infer, folder)
    assert "cloud 4 (Mug/train1) (Mug) and" in message
    assert "cloud 0 (Table/train0) (Table) both have the part label 2, but a part belongs to one category" in message


@pytest.mark.parametrize("value", ["0", "-1", "10000", "1e9", "1.5", "nan", "inf"])
def test_invalid_labels_are_refused(tmp_path: Path, part_release: Any, refusal: Callable[..., str], value: str) -> None:
    folder = part_release.write_v0(tmp_path / "data")
    (folder / "03797390" / "points_label" / "train1.seg").write_text(f"1\n{value}\n")
    message = refusal(infer, folder)
    assert f"train1.seg): part labels must be integers from 1 to 9,999, got {float(value):g};" in message


def test_a_class_without_training_shapes_is_refused(
    tmp_path: Path, part_release: Any, refusal: Callable[..., str]
) -> None:
    folder = part_release.write_normal(tmp_path / "data")
    for path in folder.glob("03797390/train*.txt"):
        path.unlink()
    message = refusal(infer, folder)
    assert (
        f"Mug has no parts according to the training shapes of {folder}; add them there or remove Mug from the list"
        in message
    )


def test_a_release_without_clouds_is_refused(tmp_path: Path, part_release: Any, refusal: Callable[..., str]) -> None:
    folder = part_release.write_h5(tmp_path / "data", parts="none")
    with h5py.File(folder / "ply_data_train0.h5", "w") as file:
        file["data"], file["label"] = np.zeros((0, 9, 3)), np.zeros((0, 1), int)
        file["pid"] = np.zeros((0, 9), int)
    (folder / "ply_data_train_0_id2file.json").unlink()
    assert f"the training shapes of {folder} have no part labels" in refusal(infer, folder)
