"""Metrics of part segmentation against loops that are written from their definitions, and against scikit-learn."""

import math
from typing import Any

import pytest
import torch
from sklearn.metrics import accuracy_score, confusion_matrix, jaccard_score
from torch import Tensor

from conclu_pyg.data.labels import Labels
from conclu_pyg.metrics import part_iou, part_scores

LABELS = Labels(("cup", "lamp", "box", "key"), tuple("ABCDEF"), ((0, 1), (2, 3, 4), (1, 5), (0,)))
CATEGORY = [0, 1, 1, 2, 0, 1]  # no key


def draw(sizes: list[int], right: float = 0.6, *, any_part: bool = False) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Draws predictions, ground truth, clouds and categories; some shapes lack a part or a prediction of one."""
    truth, predicted = [], []
    for category, size in zip(CATEGORY, sizes, strict=False):
        own = torch.tensor(LABELS.class_parts[category])
        here = own[torch.randint(max(1, len(own) - int(torch.rand(()) < 0.5)), (size,))]
        other = torch.randint(6, (size,)) if any_part else own[torch.randint(len(own), (size,))]
        truth.append(here)
        predicted.append(torch.where(torch.rand(size) < right, here, other))
    cloud = torch.arange(len(sizes)).repeat_interleave(torch.tensor(sizes))
    return torch.cat(predicted), torch.cat(truth), cloud, torch.tensor(CATEGORY[: len(sizes)])


def iou_by_loops(predicted: Tensor, truth: Tensor, cloud: Tensor, category: Tensor) -> list[dict[int, float]]:
    """Returns the intersection over union of each part of each shape's category."""
    shapes = []
    for shape, label in enumerate(category.tolist()):
        points = [i for i, c in enumerate(cloud.tolist()) if c == shape]
        found = {}
        for part in LABELS.class_parts[label]:
            there = {i for i in points if truth[i] == part}
            predicted_here = {i for i in points if predicted[i] == part}
            found[part] = len(there & predicted_here) / len(there | predicted_here) if there | predicted_here else 1.0
        shapes.append(found)
    return shapes


def mean(values: Any) -> float:
    values = list(values)
    return sum(values) / len(values)


SIZES = {"equal": [30] * 6, "ragged": [5, 40, 1, 17, 9, 23], "one cloud": [25]}
by_sizes = pytest.mark.parametrize("sizes", SIZES.values(), ids=SIZES.keys())
by_kind = pytest.mark.parametrize("any_part", [False, True], ids=["own parts", "parts of others"])


@by_sizes
@by_kind
def test_the_intersection_over_union_is_that_of_sets_of_points(sizes: list[int], any_part: bool) -> None:
    given = draw(sizes, any_part=any_part)
    iou = part_iou(*given, LABELS.parts_of_classes())
    assert iou.shape == (len(sizes), 6) and iou.dtype == torch.float64
    for row, expected in zip(iou.tolist(), iou_by_loops(*given), strict=True):
        assert {part for part, value in enumerate(row) if not math.isnan(value)} == expected.keys()
        assert all(row[part] == pytest.approx(value) for part, value in expected.items())


def test_the_intersection_over_union_equals_scikit_learns() -> None:
    predicted, truth, cloud, category = draw([300] * 6)
    iou = part_iou(predicted, truth, cloud, category, LABELS.parts_of_classes())
    for shape, label in enumerate(CATEGORY):
        own, here = list(LABELS.class_parts[label]), cloud == shape
        expected = jaccard_score(truth[here], predicted[here], labels=own, average=None, zero_division=1.0)
        assert iou[shape, own].tolist() == pytest.approx(expected.tolist())


@by_sizes
@by_kind
def test_scores_are_means_over_shapes_and_over_categories(sizes: list[int], any_part: bool) -> None:
    given = draw(sizes, any_part=any_part)
    predicted, truth, cloud, category = given
    values, per_class, confusion = part_scores(*given, LABELS)
    of_shape = [100 * mean(shape.values()) for shape in iou_by_loops(*given)]
    assert values["instance mIoU"] == pytest.approx(mean(of_shape))
    there = sorted(set(category.tolist()))
    of_category = [
        mean(value for value, c in zip(of_shape, category.tolist(), strict=True) if c == label) for label in there
    ]
    assert values["category mIoU"] == pytest.approx(mean(of_category))
    assert values["accuracy"] == pytest.approx(100 * accuracy_score(truth, predicted))
    of_label = jaccard_score(truth, predicted, average="macro")  # of labels that occur or are predicted
    assert values["label mIoU"] == pytest.approx(100 * of_label)
    assert confusion.tolist() == confusion_matrix(truth, predicted, labels=range(6)).tolist()
    for label, value in zip(there, of_category, strict=True):
        points = (category == label)[cloud]
        assert per_class[LABELS.classes[label]] == {
            "mIoU": pytest.approx(value),
            "accuracy": pytest.approx(100 * accuracy_score(truth[points], predicted[points])),
            "shapes": category.tolist().count(label),
        }


def test_a_part_that_is_neither_there_nor_predicted_counts_1_and_one_that_is_predicted_0() -> None:
    cloud, category = torch.zeros(4, dtype=torch.long), torch.tensor([1])  # a lamp of the part 2 alone
    truth = torch.full((4,), 2)
    for predicted, iou in (([2, 2, 2, 2], [1, 1, 1]), ([2, 2, 2, 3], [0.75, 0, 1]), ([3, 3, 4, 4], [0, 0, 0])):
        given = (torch.tensor(predicted), truth, cloud, category)
        assert part_iou(*given, LABELS.parts_of_classes())[0, 2:5].tolist() == iou
        assert part_scores(*given, LABELS).values["instance mIoU"] == pytest.approx(100 * mean(iou))


def test_a_category_without_shapes_is_nan_and_left_out_of_the_means() -> None:
    values, per_class, _ = part_scores(*draw([20] * 6, right=1.0), LABELS)
    assert set(values.values()) == {100.0}
    assert per_class["key"]["shapes"] == 0
    assert math.isnan(per_class["key"]["mIoU"]) and math.isnan(per_class["key"]["accuracy"])


def test_instances_and_categories_are_weighed_differently() -> None:
    predicted = torch.tensor([0, 0, 0, 5])  # three perfect cups, and a box that is all wrong
    truth, cloud, category = torch.tensor([0, 0, 0, 1]), torch.arange(4), torch.tensor([0, 0, 0, 2])
    values = part_scores(predicted, truth, cloud, category, LABELS).values
    of_label = pytest.approx(100 / 3)  # the part 0 is right, the parts 1 and 5 are not
    assert values == {"accuracy": 75.0, "instance mIoU": 75.0, "category mIoU": 50.0, "label mIoU": of_label}


def test_a_part_without_another_is_always_right() -> None:
    zeros = torch.zeros(4, dtype=torch.long)
    scores = part_scores(zeros, zeros, zeros, zeros[:1], Labels(("cup",), ("A",), ((0,),)))
    assert set(scores.values.values()) == {100.0} and scores.confusion.tolist() == [[4]]


def test_the_order_of_points_does_not_matter() -> None:
    predicted, truth, cloud, category = draw([5, 40, 1, 17, 9, 23])
    order = torch.randperm(len(truth))
    shuffled = part_iou(predicted[order], truth[order], cloud[order], category, LABELS.parts_of_classes())
    expected = part_iou(predicted, truth, cloud, category, LABELS.parts_of_classes())
    assert torch.equal(shuffled.nan_to_num(-1), expected.nan_to_num(-1))
