"""Settings of OpenMP's threads, which have to be made before PyTorch is imported.

After its part of an operation a thread of OpenMP spins for a while, waiting for the next one. Next to other busy
processes, spinning threads take the cores from those that compute. With the spinning off, a training step takes as long
as before on a quiet machine, and a quarter less next to a busy process (``docs/speed.md``, "Threads").
"""

from __future__ import annotations

import math
import os
from collections.abc import MutableMapping
from pathlib import Path

SPIN, THREADS = "GOMP_SPINCOUNT", "OMP_NUM_THREADS"
QUOTA = Path("/sys/fs/cgroup/cpu.max")  # of a container: microseconds of all cores, and of the period, or "max"


def set_up_threads(environment: MutableMapping[str, str] = os.environ, quota: Path = QUOTA) -> None:
    """Turn the spinning of OpenMP off, and limit the threads to the cores that a container may use. A variable that the
    user has set stays.

    Args:
        environment: of the process (default: its own).
        quota: the file with the limit of the container (default: that of Linux).
    """
    if "OMP_WAIT_POLICY" not in environment:
        environment.setdefault(SPIN, "0")
    cores = container_cores(quota)
    if cores is not None and cores < available_cores():
        environment.setdefault(THREADS, str(math.ceil(cores)))


def share_threads(
    processes: int, environment: MutableMapping[str, str] = os.environ, quota: Path = QUOTA
) -> int | None:
    """Divide the cores of a container between processes that this one starts, where the number of threads is that of
    all these cores.

    Args:
        processes: how many there are, this one included.
        environment: of the process, which the others inherit (default: its own).
        quota: as for :func:`set_up_threads`.

    Returns:
        The threads of each process, or ``None`` if the number is another one and stays.
    """
    cores = container_cores(quota)
    if cores is None or environment.get(THREADS) != str(math.ceil(cores)):
        return None
    threads = max(1, math.ceil(cores) // processes)
    environment[THREADS] = str(threads)
    return threads


def available_cores() -> int:
    """Return the number of cores that this process may run on."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def container_cores(quota: Path = QUOTA) -> float | None:
    """Return the number of cores that the processes of a container may use together; ``None`` without a limit."""
    try:
        limit, period = quota.read_text().split()
        return int(limit) / int(period)
    except (OSError, ValueError):  # no such file, or "max"
        return None
