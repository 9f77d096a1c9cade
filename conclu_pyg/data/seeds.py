"""Random numbers that belong to one shape, whatever else is in its data set and in whichever order it is read."""

from __future__ import annotations

import hashlib

import numpy as np


def shape_rng(seed: int, name: str) -> np.random.Generator:
    """The generator of the shape called ``name``.

    Args:
        seed: the data set's seed, not negative.
        name: the shape's name, such as ``chair/chair_0001``; hashed with BLAKE2, as Python's own hash differs by run.
    """
    digest = hashlib.blake2b(name.encode("utf-8", "surrogateescape"), digest_size=8).digest()
    return np.random.default_rng(np.random.SeedSequence([seed, int.from_bytes(digest, "little")]))
