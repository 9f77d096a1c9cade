"""Seeding of all random generators by one number, and their states."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import numpy as np
import torch
from annotated_types import Interval

from conclu_pyg.errors import ConfigError, Issue

MAX_SEED = 2**32 - 1  # the limit of scikit-learn
Seed = Annotated[int, Interval(ge=0, le=MAX_SEED)]


def seed_all(seed: int, process: int = 0) -> torch.Generator:
    """Seed PyTorch's default generators, and return a separate one for the order of the clouds.

    Args:
        seed: the seed.
        process: number of the process, which gets default generators of its own; the order is the same in all
            (default: 0).

    Raises:
        ConfigError: a seed that is negative or above :data:`MAX_SEED`.
    """
    if type(seed) is not int or not 0 <= seed <= MAX_SEED:
        message = f"pipeline.seed must be in [0, {MAX_SEED}], got {seed}."
        raise ConfigError(Issue(message, argument="seed", got=seed, expected=f"in [0, {MAX_SEED}]"))
    # The generator of the CPU uses 32 bits of a seed.
    own = int(np.random.SeedSequence([seed, process]).generate_state(1)[0]) if process else seed
    torch.manual_seed(own)
    return torch.Generator().manual_seed(seed)


def random_state(order: torch.Tensor) -> dict[str, Any]:
    """Return the current states of the default generators, and ``order``, the state that an epoch's order is drawn
    from."""
    cuda = torch.cuda.get_rng_state_all() if torch.cuda.is_available() else []
    return {"order": order, "cpu": torch.get_rng_state(), "cuda": cuda}


def set_random_state(state: Mapping[str, Any]) -> None:
    """Restore the default generators.

    Args:
        state: as :func:`random_state` returned it. States of GPUs that this machine does not have are left out.

    Raises:
        KeyError, RuntimeError, TypeError: it is something else.
    """
    torch.set_rng_state(state["cpu"])
    count = torch.cuda.device_count() if torch.cuda.is_available() else 0
    for device, of_device in enumerate(state["cuda"][:count]):
        torch.cuda.set_rng_state(of_device, device)
