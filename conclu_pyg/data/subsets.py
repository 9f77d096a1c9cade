"""A part of a split, drawn by a seed: a few labels, or clouds to validate on."""

from __future__ import annotations

import numpy as np

from conclu_pyg.data.base import PointCloudSplit
from conclu_pyg.errors import ConfigError, DataError


def draw_per_class(split: PointCloudSplit, per_class: int, seed: int) -> PointCloudSplit:
    """So many clouds of each class, in the order of the split.

    Args:
        split: what to draw from.
        per_class: how many of each class; with the same seed, more of them include fewer.
        seed: of the draw.

    Raises:
        DataError: a class has fewer clouds.
    """
    counts = np.bincount(split.y, minlength=len(split.classes))
    if counts.min() < per_class:
        raise DataError(
            f"{per_class} labels of each class cannot be drawn: {split.classes[counts.argmin()]} has {counts.min()} "
            "training clouds; ask for fewer."
        )
    return split.subset(_first_of_each(split, np.full(len(counts), per_class), seed))


def draw_fraction(split: PointCloudSplit, fraction: float, seed: int) -> PointCloudSplit:
    """A share of the clouds of each class, at least one of each that there is, in the order of the split.

    Args:
        split: what to draw from.
        fraction: the share, above 0 and up to 1; with the same seed, a larger one includes a smaller one.
        seed: of the draw.

    Raises:
        ConfigError: ``fraction`` is out of its range.
    """
    if not 0 < fraction <= 1:
        raise ConfigError(f"a fraction of the labels must be above 0 and at most 1, found {fraction}.")
    counts = np.bincount(split.y, minlength=len(split.classes))
    wanted = np.maximum(np.rint(fraction * counts).astype(int), np.minimum(counts, 1))
    return split.subset(_first_of_each(split, wanted, seed))


def hold_out(
    split: PointCloudSplit, share: float, seed: int, remedy: str = "take more clouds of it"
) -> tuple[PointCloudSplit, PointCloudSplit]:
    """The split without a share of the clouds of each class, and that share.

    Args:
        split: what to divide.
        share: of the clouds, above 0 and below 1; of each class at least one is held out, and at least one is not.
        seed: of the draw.
        remedy: what to do where it cannot be, for the message (default: to take more clouds of the class).

    Raises:
        DataError: a class has one cloud.
    """
    counts = np.bincount(split.y, minlength=len(split.classes))
    if (counts == 1).any():
        name = split.classes[int((counts == 1).argmax())]
        raise DataError(
            f"a validation part cannot be taken from the {len(split)} training clouds: the class {name} has only one; "
            f"{remedy}."
        )
    exact = share * counts
    wanted = exact.astype(int)
    largest_rests = np.argsort(wanted - exact, kind="stable")
    wanted[largest_rests[: round(exact.sum()) - wanted.sum()]] += 1
    held_out = _first_of_each(split, wanted.clip(np.minimum(counts, 1), np.maximum(counts - 1, 0)), seed)
    return split.subset(np.setdiff1d(np.arange(len(split)), held_out)), split.subset(held_out)


def _first_of_each(split: PointCloudSplit, counts: np.ndarray, seed: int) -> np.ndarray:
    """The places of the first so many clouds of each class in a random order, sorted."""
    order = np.random.default_rng(seed).permutation(len(split))
    places = [order[split.y[order] == label][:count] for label, count in enumerate(counts)]
    return np.sort(np.concatenate(places))
