"""Estimation of a data set's up axis from its clouds."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

MIN_CLOUDS = 32
MIN_CLASSES = 5
MIN_RATIO = 1.5
BINS = 32


class AxisEvidence(NamedTuple):
    """The evidence for an up axis.

    Attributes:
        axis: the axis along which the clouds are least symmetric.
        ratio: its asymmetry divided by the second largest.
        agreeing: the classes whose clouds are least symmetric along this axis.
        classes: the number of classes.
    """

    axis: int
    ratio: float
    agreeing: int
    classes: int

    @property
    def is_clear(self) -> bool:
        """Whether the axis stands out."""
        return self.ratio > MIN_RATIO


def measure_up_axis(pos: np.ndarray, y: np.ndarray) -> int | None:
    """Returns the axis along which the clouds of many classes are least symmetric, or ``None`` if none stands out.

    Most objects look alike from the left and the right, some from the front and the back, but few upside down. The
    share of points that would have to move to make a cloud's distribution along an axis symmetric is therefore largest
    along the up axis: on ModelNet40 it is 0.48 there, and 0.19 and 0.22 along the others. In 500 draws of 256 of its
    training clouds the ratio of the two largest was never below 1.85, and for ModelNet10 never below 1.64. Single
    classes mislead (a monitor, a wardrobe), so every class has the same weight and at least five are required.

    Shapes:
        - **pos:** ``[n, N, 3]``, **y:** int ``[n]``
    """
    evidence = weigh_axes(axis_asymmetry(pos), y)
    return evidence.axis if evidence is not None and evidence.is_clear else None


def weigh_axes(asymmetry: np.ndarray, y: np.ndarray) -> AxisEvidence | None:
    """Returns the evidence for the up axis, or ``None`` for fewer than 32 clouds or five classes.

    Args:
        asymmetry: of each cloud, see :func:`axis_asymmetry`.
        y: the class of each cloud.

    Shapes:
        - **asymmetry:** ``[n, 3]``, **y:** int ``[n]``
    """
    classes = np.unique(y)
    if len(asymmetry) < MIN_CLOUDS or len(classes) < MIN_CLASSES:
        return None
    by_class = np.stack([asymmetry[y == label].mean(axis=0) for label in classes])
    by_axis = by_class.mean(axis=0)
    second, first = np.argsort(by_axis)[1:]
    ratio = by_axis[first] / by_axis[second] if by_axis[second] > 0 else np.inf if by_axis[first] > 0 else 1.0
    return AxisEvidence(int(first), float(ratio), int((by_class.argmax(axis=1) == first).sum()), len(classes))


def axis_asymmetry(pos: np.ndarray) -> np.ndarray:
    """Returns the share of each cloud's points without a mirrored counterpart along each axis.

    Shapes:
        - **pos:** ``[n, N, 3]``
        - **output:** ``[n, 3]``, from 0 to 1
    """
    pos = np.nan_to_num(pos.astype(np.float64), posinf=0.0, neginf=0.0)
    low, high = pos.min(axis=1, keepdims=True), pos.max(axis=1, keepdims=True)
    bins = ((pos - low) / np.where(high > low, high - low, 1.0) * BINS).astype(np.int64).clip(0, BINS - 1)
    rows = np.arange(len(pos))[:, None, None] * 3 + np.arange(3)
    counts = np.bincount((rows * BINS + bins).ravel(), minlength=len(pos) * 3 * BINS).reshape(len(pos), 3, BINS)
    share = np.abs(counts - counts[..., ::-1]).sum(axis=-1) / (2 * pos.shape[1])
    return np.where(high > low, share[:, None, :], 0.0)[:, 0]  # a flat cloud is symmetric
