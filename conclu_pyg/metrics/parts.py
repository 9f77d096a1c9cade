"""Metrics of part segmentation, as in PointNet and in the paper (section 3.3)."""

from __future__ import annotations

import torch
from torch import Tensor

from conclu_pyg.data.labels import Labels
from conclu_pyg.metrics.scores import Scores, confusion_matrix


def part_iou(predicted: Tensor, truth: Tensor, cloud: Tensor, category: Tensor, possible: Tensor) -> Tensor:
    """Returns the intersection over union of each part in each shape. A part of the shape's category that is absent and
    not predicted counts as 1.

    Args:
        predicted: the predicted part of each point.
        truth: the true part of each point.
        cloud: the index of the shape of each point.
        category: the category of each shape.
        possible: whether each category has each part.

    Shapes:
        - **predicted**, **truth**, **cloud:** ``[M]``, **category:** ``[n]``, **possible:** bool ``[K, P]``
        - **output:** float64 ``[n, P]``, NaN for the parts of other categories
    """
    clouds, parts = len(category), possible.size(1)

    def count(part: Tensor, where: Tensor) -> Tensor:  # points of each part in each shape, [n, P]
        return (cloud * parts + part)[where].bincount(minlength=clouds * parts).view(clouds, parts)

    everywhere = torch.ones_like(truth, dtype=torch.bool)
    both = count(truth, predicted == truth)
    either = count(truth, everywhere) + count(predicted, everywhere) - both
    iou = torch.where(either == 0, 1.0, both.double() / either)
    return iou.masked_fill(~possible[category], torch.nan)


def part_scores(predicted: Tensor, truth: Tensor, cloud: Tensor, category: Tensor, labels: Labels) -> Scores:
    """Returns the overall accuracy (over points) and the mean intersection over union. That of a shape is averaged over
    the parts of its category; the mean is over shapes (*instance*), or over the shapes of each category and then
    over categories (*category*). That of a part over all points of all shapes is averaged over parts that occur or are
    predicted (*label*).

    Args:
        predicted, truth, cloud, category: as for :func:`part_iou`.
        labels: the categories and their parts.
    """
    confusion = confusion_matrix(predicted, truth, len(labels.parts))
    iou = part_iou(predicted, truth, cloud, category, labels.parts_of_classes().to(truth.device)).cpu()
    of_shape = iou.nanmean(dim=1)  # (n,)
    correct = (predicted == truth).double()
    shapes = category.cpu()
    per_class = {}
    for label, name in enumerate(labels.classes):
        here = shapes == label
        points = correct[(category == label)[cloud]]
        per_class[name] = {
            "mIoU": float(100 * of_shape[here].mean()),
            "accuracy": float(100 * points.mean()),
            "shapes": int(here.sum()),
        }
    of_category = torch.tensor([row["mIoU"] for row in per_class.values()])
    values = {
        "accuracy": float(100 * correct.mean()),
        "instance mIoU": float(100 * of_shape.mean()),
        "category mIoU": float(of_category.nanmean()),
        "label mIoU": float(100 * label_iou(confusion).nanmean()),
    }
    return Scores(values, per_class, confusion)


def label_iou(confusion: Tensor) -> Tensor:
    """Returns the intersection over union of each label over all points; NaN for one that neither occurs nor is
    predicted.

    Shapes:
        - **confusion:** int64 ``[labels, labels]``, true labels in rows; **output:** float64 ``[labels]``
    """
    both = confusion.diagonal().double()
    return both / (confusion.sum(dim=0) + confusion.sum(dim=1) - both)  # 0 / 0 is NaN
