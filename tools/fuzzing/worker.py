"""Reads mutants in a process of its own, which may end: ``python -m fuzzing.worker VALID_FILE START STOP SEED FOLDER``.

It prints a JSON object before and after each mutant, so that the parent knows which one ended it.
"""

import json
import resource
import signal
import sys
from pathlib import Path
from typing import Any

import numpy as np

from fuzzing.mutations import mutant
from fuzzing.outcome import MAX_SECONDS, read_file
from fuzzing.second_readers import SECOND_READERS

MEMORY = 8 << 30  # bytes of address space


def main(valid: str, start: int, stop: int, seed: int, folder: str) -> None:
    source = Path(valid)
    content, path = source.read_bytes(), Path(folder, f"mutant{source.suffix}")
    path.write_bytes(content)
    if (outcome := read_file(path)).kind != "read":  # also imports what the format needs
        _print(error=f"expected a valid file, got: {outcome.detail}")
        return
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    for index in range(start, stop):
        _print(index=index)
        path.write_bytes(mutant(content, seed, index))
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        signal.setitimer(signal.ITIMER_PROF, 2 * MAX_SECONDS)  # its signal ends a process that hangs, also in C++
        outcome = read_file(path)
        signal.setitimer(signal.ITIMER_PROF, 0)
        grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
        _print(kind=outcome.kind, detail=outcome.detail, grown_mb=grown / 1024, same=_compare(path, outcome.clouds))


def _compare(path: Path, clouds: tuple[Any, ...]) -> bool | None:
    """Returns whether a second library reads the same points, or ``None`` without such a library or if it refuses."""
    second = SECOND_READERS.get(path.suffix)
    if second is None or len(clouds) != 1 or clouds[0].left_out:
        return None
    try:
        points = second(path)
    except Exception:  # any refusal
        return None
    # Points that are not finite are left out by ours, with what is attached to them; trimesh drops odd faces silently.
    if len(points) < 3 or not np.isfinite(points).all():
        return None
    ours = clouds[0].points.astype(np.float64) + (0 if clouds[0].offset is None else clouds[0].offset)
    if clouds[0].sampled:  # its points lie between the vertices
        size = np.ptp(points, axis=0).max()
        return bool(
            (ours >= points.min(axis=0) - 1e-3 * size).all() and (ours <= points.max(axis=0) + 1e-3 * size).all()
        )
    return ours.shape == points.shape and bool(np.allclose(ours, points, rtol=1e-5, atol=1e-6 * np.ptp(points)))


def _print(**values: Any) -> None:
    print(json.dumps(values), flush=True)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]), sys.argv[5])
