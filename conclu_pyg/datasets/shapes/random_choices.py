"""Random choices for parametric shapes."""

from __future__ import annotations

from typing import TypeVar

import numpy as np

T = TypeVar("T")


class RandomChoices:
    """The random draws of a parametric shape, each of one uniform number.

    Args:
        rng: the source of randomness.
    """

    def __init__(self, rng: np.random.Generator) -> None:
        self.rng = rng

    def uniform(self, low: float, high: float) -> float:
        """Returns a number, uniform in [low, high)."""
        return low + (high - low) * self.rng.random()

    def integer(self, low: int, high: int) -> int:
        """Returns an integer from ``low`` to ``high``, both included."""
        return low + int((high - low + 1) * self.rng.random())

    def bernoulli(self, probability: float) -> bool:
        """Returns true with the given probability."""
        return self.rng.random() < probability

    def choice(self, *options: T) -> T:
        """Returns one of the options, all equally likely."""
        return options[int(len(options) * self.rng.random())]
