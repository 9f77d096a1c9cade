"""The random choices that the categories are written in."""

from __future__ import annotations

from typing import TypeVar

import numpy as np

T = TypeVar("T")


class Dice:
    """A random generator with the few throws that a parametric shape needs.

    Args:
        rng: where the randomness comes from.
    """

    def __init__(self, rng: np.random.Generator) -> None:
        self.rng = rng

    def between(self, low: float, high: float) -> float:
        """A number, uniform in [low, high)."""
        return low + (high - low) * self.rng.random()

    def count(self, low: int, high: int) -> int:
        """A whole number from ``low`` to ``high``, both included."""
        return low + int((high - low + 1) * self.rng.random())

    def chance(self, probability: float) -> bool:
        """True with the given probability."""
        return self.rng.random() < probability

    def pick(self, *options: T) -> T:
        """One of the options, all equally likely."""
        return options[int(len(options) * self.rng.random())]
