"""Random subsets of a split: few labels for training, and clouds held out for validation."""

from __future__ import annotations

import numpy as np

from conclu_pyg.data.base import PointCloudSplit
from conclu_pyg.errors import ConfigError, DataError
from conclu_pyg.text import pluralize


def draw_per_class(split: PointCloudSplit, per_class: int, seed: int) -> PointCloudSplit:
    """Returns a fixed number of clouds of each class, in the order of the split.

    Args:
        split: the clouds to draw from.
        per_class: the number of clouds of each class; with the same seed, a larger draw includes a smaller one.
        seed: the seed of the draw.

    Raises:
        DataError: a class has fewer clouds.
    """
    counts = np.bincount(split.y, minlength=len(split.classes))
    if counts.min() < per_class:
        raise DataError(
            f"cannot draw {per_class} labels of each class: {split.classes[counts.argmin()]} has "
            f"{pluralize(int(counts.min()), 'training cloud')}; draw fewer.",
            argument="per_class",
            got=per_class,
        )
    return split.subset(_first_of_each(split, np.full(len(counts), per_class), seed))


def draw_fraction(split: PointCloudSplit, fraction: float, seed: int) -> PointCloudSplit:
    """Returns a fraction of the clouds of each class, at least one of each class present, in the order of the split.

    Args:
        split: the clouds to draw from.
        fraction: above 0 and up to 1; with the same seed, a larger fraction includes a smaller one.
        seed: the seed of the draw.

    Raises:
        ConfigError: ``fraction`` is out of range.
    """
    if not 0 < fraction <= 1:
        raise ConfigError(
            f"a fraction of the labels must be above 0 and at most 1, got {fraction}.",
            argument="fraction",
            got=fraction,
        )
    counts = np.bincount(split.y, minlength=len(split.classes))
    wanted = np.maximum(np.rint(fraction * counts).astype(int), np.minimum(counts, 1))
    return split.subset(_first_of_each(split, wanted, seed))


def hold_out(
    split: PointCloudSplit, share: float, seed: int, hint: str = "take more clouds of it"
) -> tuple[PointCloudSplit, PointCloudSplit]:
    """Divides a split into the rest and a held-out share of the clouds of each class.

    Args:
        split: the clouds to divide.
        share: the held-out share, above 0 and below 1; of each class at least one cloud is held out and one is not.
        seed: the seed of the draw.
        hint: what to do if a class is too small, for the message (default: to take more clouds of the class).

    Raises:
        DataError: a class has only one cloud.
    """
    counts = np.bincount(split.y, minlength=len(split.classes))
    if (counts == 1).any():
        name = split.classes[int((counts == 1).argmax())]
        raise DataError(
            f"cannot hold out validation clouds from the {len(split)} training clouds: the class {name} has only one; "
            f"{hint}.",
            argument="validation",
            got=share,
        )
    held_out = _first_of_each(split, share_of_each(counts, share), seed)
    return split.subset(np.setdiff1d(np.arange(len(split)), held_out)), split.subset(held_out)


def share_of_each(counts: np.ndarray, share: float) -> np.ndarray:
    """Returns how many clouds of each class are a share of all: one at least, and not all of them.

    The sum is rounded, and the classes with the largest remainders get one more.

    Args:
        counts: the clouds of each class.
        share: above 0 and below 1.

    Shapes:
        - **counts**, **output:** int ``[classes]``
    """
    exact = share * counts
    wanted = exact.astype(int)
    largest_rests = np.argsort(wanted - exact, kind="stable")
    wanted[largest_rests[: round(exact.sum()) - wanted.sum()]] += 1
    return wanted.clip(np.minimum(counts, 1), np.maximum(counts - 1, 0))


def _first_of_each(split: PointCloudSplit, counts: np.ndarray, seed: int) -> np.ndarray:
    """Returns the sorted positions of the first ``counts`` clouds of each class in a random order."""
    order = np.random.default_rng(seed).permutation(len(split))
    places = [order[split.y[order] == label][:count] for label, count in enumerate(counts)]
    return np.sort(np.concatenate(places))
