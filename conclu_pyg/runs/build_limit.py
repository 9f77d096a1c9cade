"""A limit on the size of a model from a checkpoint, checked against the file before the memory is allocated."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

FACTOR, SLACK = 4, 1 << 22  # numbers that a model may make while it is built, for each in the file and in addition
CALLS, MORE_CALLS = 100, 10_000  # tensors that it may make, likewise


class BuildLimit(TorchDispatchMode):
    """Refuses to make tensors that are far larger than the weights, while a model is built for them.

    Args:
        weights: of the file.

    Raises:
        ValueError: a tensor, or all of them together, are too large, or too many.
    """

    def __init__(self, weights: Mapping[str, Tensor]) -> None:
        super().__init__()
        self._held = sum(value.numel() for value in weights.values())
        self._numbers = SLACK + FACTOR * self._held
        self._calls = MORE_CALLS + CALLS * len(weights)

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if not any(isinstance(value, Tensor) for value in args):  # it makes a tensor from sizes
            sizes = args[0] if args and isinstance(args[0], (list, tuple)) else args
            numbers = [abs(size) for size in sizes if type(size) is int]
            self._numbers -= math.prod(numbers) if numbers else 0
            self._calls -= 1
        if self._numbers < 0 or self._calls < 0:
            raise ValueError(f"it has far more weights than the {self._held:,} numbers in the file")
        return func(*args, **(kwargs or {}))
