"""Conversion of labels in files to labels of the data set."""

from collections.abc import Callable

import numpy as np
import pytest

from conclu_pyg.data.clean import RawCloud
from conclu_pyg.datasets.formats.part_table import PartTable

CLASSES = ["Mug", "Cap", "Bag"]
OVERALL = PartTable.overall(CLASSES, [f"p{i}" for i in range(6)], [1, 0, None, 2, 0, 1], "the list")
WITHIN = PartTable.within_classes(CLASSES, [(1, 2), (1, 2, 7), (1,)], "the list")


def cloud(label: int, part: list[float]) -> RawCloud:
    return RawCloud(np.zeros((len(part), 3)), label, "shape", "shape.txt", part=np.array(part))


def test_overall_labels_stay() -> None:
    assert OVERALL.labels.class_parts == ((1, 4), (0, 5), (3,)) and OVERALL.labels.parts[2] == "p2"
    for label, part in ((0, [4, 1, 4]), (1, [5.0, 0.0]), (2, [3]), (2, [])):
        relabelled = OVERALL.relabel(cloud(label, part)).part
        assert relabelled is not None and relabelled.dtype == np.int64 and relabelled.tolist() == part


def test_labels_within_classes_are_counted_on() -> None:
    assert WITHIN.labels.class_parts == ((0, 1), (2, 3, 4), (5,))
    assert WITHIN.labels.parts == ("Mug/1", "Mug/2", "Cap/1", "Cap/2", "Cap/7", "Bag/1")
    for label, part, expected in ((0, [2, 1], [1, 0]), (1, [7.0, 1.0, 2.0], [4, 2, 3]), (2, [1], [5])):
        relabelled = WITHIN.relabel(cloud(label, part)).part
        assert relabelled is not None and relabelled.tolist() == expected


@pytest.mark.parametrize("value", [-1, 0, 2, 3, 99, 1.5, np.nan, np.inf])
def test_other_labels_are_rejected(refusal: Callable[..., str], value: float) -> None:
    message = refusal(OVERALL.relabel, cloud(0, [1, 4, value, value]))
    whose = {0: ", a part of Cap", 3: ", a part of Bag"}.get(value, "")
    assert message == (
        f"shape.txt: point 2 has the part label {value:g}{whose}, but according to the list Mug has the labels 1, "
        f"4 (2 of 4 points are wrong); restore the file or remove it from the data set."
    )


def test_labels_are_counted_within_each_class(refusal: Callable[..., str]) -> None:
    assert "label 3, but according to the list Mug has the labels 1, 2 (1 of 1" in refusal(
        WITHIN.relabel, cloud(0, [3])
    )
    assert "label 3, but according to the list Cap has the labels 1, 2, 7 (1 of 2" in refusal(
        WITHIN.relabel, cloud(1, [7, 3])
    )


def test_a_class_without_parts_is_rejected(refusal: Callable[..., str]) -> None:
    assert "Cap has no parts according to the list" in refusal(
        PartTable.within_classes, CLASSES, [[1], [], [1]], "the list"
    )
    assert "Bag has no parts according to x" in refusal(PartTable.overall, CLASSES, ["a", "b"], [0, 1], "x")
