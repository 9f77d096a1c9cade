"""The number of this process among those that a launcher started, known before PyTorch is imported."""

from __future__ import annotations

import os
from collections.abc import Mapping

RANKS = ("RANK", "SLURM_PROCID", "LOCAL_RANK")  # set by torchrun, by srun, by Lightning Fabric for its own children


def rank_at_launch(environment: Mapping[str, str] = os.environ) -> int:
    """Return the number of this process, 0 for the first one and without a launcher.

    Args:
        environment: variables (default: those of this process).
    """
    given = (environment[name] for name in RANKS if environment.get(name, "").isdecimal())
    return int(next(given, 0))
