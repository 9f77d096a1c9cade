"""The processes that a launcher started, known before PyTorch is imported."""

from __future__ import annotations

import os
from collections.abc import Mapping

from conclu_pyg.errors import ConfigError

# Set by torchrun, by srun, by mpirun. (SLURM_NTASKS is also set in a batch script, which is one process.)
SIZES = ("WORLD_SIZE", "SLURM_STEP_NUM_TASKS", "OMPI_COMM_WORLD_SIZE")
RANKS = ("RANK", "SLURM_PROCID", "LOCAL_RANK")  # set by torchrun, by srun, by Lightning Fabric for its own children


def rank_at_launch(environment: Mapping[str, str] = os.environ) -> int:
    """Return the number of this process, 0 for the first one and without a launcher.

    Args:
        environment: variables (default: those of this process).
    """
    by_srun = environment.get("SLURM_STEP_NUM_TASKS", "1") != "1"  # else it is the one of a batch script
    given = (environment.get(name, "") for name in RANKS if by_srun or name != "SLURM_PROCID")
    return int(next(filter(str.isdecimal, given), 0))


def refuse_several_processes(command: str, environment: Mapping[str, str] = os.environ) -> None:
    """Refuse to run a command in several processes, which would write the same files.

    Args:
        command: its name.
        environment: variables (default: those of this process).

    Raises:
        ConfigError: a launcher started several processes.
    """
    for name in SIZES:
        size = environment.get(name, "")
        if size.isdecimal() and int(size) > 1:
            raise ConfigError(
                f"conclu {command} must run in one process, got {name}={size}; start it without torchrun, srun or "
                "mpirun.",
                got=int(size),
            )
