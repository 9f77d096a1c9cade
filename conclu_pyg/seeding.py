"""One seed for a run, and the states of all generators that it rules."""

from __future__ import annotations

from typing import Any

import torch

from conclu_pyg.errors import ConfigError

MAX_SEED = 2**32 - 1  # what scikit-learn takes


def seed_all(seed: int) -> torch.Generator:
    """Seeds PyTorch's default generators, and gives one of its own for the order of the clouds.

    Raises:
        ConfigError: a seed that is negative or above :data:`MAX_SEED`.
    """
    if not 0 <= seed <= MAX_SEED:
        raise ConfigError(f"pipeline.seed must be between 0 and {MAX_SEED}, found {seed}.")
    torch.manual_seed(seed)
    return torch.Generator().manual_seed(seed)


def random_state(order: torch.Tensor) -> dict[str, Any]:
    """The states of the default generators now, beside ``order``, the state from which an epoch's order is drawn."""
    cuda = torch.cuda.get_rng_state_all() if torch.cuda.is_available() else []
    return {"order": order, "cpu": torch.get_rng_state(), "cuda": cuda}
