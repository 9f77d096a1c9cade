"""Resampling of clouds to a fixed number of points, with random numbers that depend on the shape's name alone."""

from __future__ import annotations

import hashlib

import numpy as np

from conclu_pyg.data.clean import RowIndex

FILLED_UP = "too few points, filled up by repeating some"


def resize(points: np.ndarray, num_points: int, rng: np.random.Generator) -> tuple[np.ndarray, list[str]]:
    """Returns exactly ``num_points`` points: a random choice of the given ones, or all of them and some repeated.

    Shapes:
        - **points:** ``[k, 3]``
        - **output:** ``[num_points, 3]``, and the repairs that were made
    """
    rows, repairs = resize_rows(len(points), num_points, rng)
    return points[rows], repairs


def resize_rows(size: int, num_points: int, rng: np.random.Generator) -> tuple[RowIndex, list[str]]:
    """Returns the rows that :func:`resize` takes of a cloud of ``size`` points, to index labels with as well."""
    if size == num_points:
        return slice(None), []
    if size > num_points:
        return rng.choice(size, num_points, replace=False), []
    # Whole copies first, so that no point is repeated twice before every other is repeated once.
    copies, rest = divmod(num_points, size)
    return np.concatenate([np.tile(np.arange(size), copies), rng.choice(size, rest, replace=False)]), [FILLED_UP]


def shape_rng(seed: int, name: str) -> np.random.Generator:
    """Returns the random generator of the shape called ``name``, independent of the other shapes and their order.

    Args:
        seed: the data set's seed, not negative.
        name: the shape's name, such as ``chair/chair_0001``; hashed with BLAKE2, as Python's own hash differs by run.
    """
    digest = hashlib.blake2b(name.encode("utf-8", "surrogateescape"), digest_size=8).digest()
    return np.random.default_rng(np.random.SeedSequence([seed, int.from_bytes(digest, "little")]))
