"""Random test clouds of each class, by the names of files."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

import numpy as np

from conclu_pyg.data.subsets import share_of_each


def draw_test_files(names: Iterable[str], labels: np.ndarray, fraction: float, seed: int) -> np.ndarray:
    """Draws a fraction of the files of each class.

    Of a class with several files at least one is drawn and one is not; of a class with one, none is. The draw depends
    on the names, classes and seed alone, and not on the order.

    Args:
        names: of the files, all different.
        labels: the class of each.
        fraction: the share to draw, from 0 and below 1.
        seed: of the draw.

    Shapes:
        - **labels:** int ``[n]``
        - **output:** bool ``[n]``
    """
    keys = [_key(name, seed) for name in names]
    order = np.array(sorted(range(len(keys)), key=keys.__getitem__), dtype=np.int64)
    counts = np.bincount(labels)
    wanted = share_of_each(counts, fraction) if fraction > 0 else np.zeros_like(counts)
    drawn = np.zeros(len(keys), dtype=bool)
    by_class = order[np.argsort(labels[order], kind="stable")]
    place = np.arange(len(keys)) - np.repeat(np.cumsum(counts) - counts, counts)  # within its class
    drawn[by_class[place < np.repeat(wanted, counts)]] = True
    return drawn


def _key(name: str, seed: int) -> bytes:
    return hashlib.blake2b(f"{seed}/{name}".encode("utf-8", "surrogateescape"), digest_size=16).digest()
