"""Readers of files, against those of another checkout."""

import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np

from benchmarks.measure import Measurement
from benchmarks.runner import Runner

ROUNDS = 3
ROOT = Path(__file__).resolve().parents[3]
SCRIPT = Path(__file__).parents[1] / "read_once.py"
PLY = "ply\nformat {} 1.0\nelement vertex {}\nproperty float x\nproperty float y\nproperty float z\nend_header\n"
PCD = (
    "VERSION 0.7\nFIELDS x y z\nSIZE 4 4 4\nTYPE F F F\nCOUNT 1 1 1\nWIDTH {1}\nHEIGHT 1\nVIEWPOINT 0 0 0 1 0 0 0\n"
    "POINTS {1}\nDATA {0}\n"
)


def _rows(points: np.ndarray, separator: str = " ", prefix: str = "") -> bytes:
    line = prefix + separator.join(["%.6f"] * 3) + "\n"
    return "".join(line % tuple(row) for row in points.tolist()).encode()


def _mesh(points: np.ndarray, corner: str) -> bytes:
    """Returns an OBJ mesh with a triangle for each point but two, whose corners are written as in ``corner``."""
    face = "f " + " ".join([corner] * 3) + "\n"
    each = corner.count("%d")
    corners = np.arange(1, len(points) - 1)[:, None] + np.repeat(np.arange(3), each)
    faces = "".join(face % tuple(row) for row in corners.tolist())
    return _rows(points, prefix="v ") + faces.encode()


def _hdf5(path: Path, points: np.ndarray) -> None:
    with h5py.File(path, "w") as file:
        file["data"] = points


def _bytes(make: Callable[[np.ndarray], bytes]) -> Callable[[Path, np.ndarray], object]:
    return lambda path, points: path.write_bytes(make(points))


# By file name: a function that writes points, float32 [n, 3].
FILES: dict[str, Callable[[Path, np.ndarray], object]] = {
    "commas.csv": _bytes(lambda points: b"x,y,z\n" + _rows(points, ",")),
    "spaces.txt": _bytes(_rows),
    "spaces.xyz": _bytes(_rows),
    "counted.pts": _bytes(lambda points: b"%d\n" % len(points) + _rows(points)),
    "vertices.obj": _bytes(lambda points: _rows(points, prefix="v ")),
    "triangles.obj": _bytes(lambda points: _mesh(points, "%d")),
    "textured.obj": _bytes(lambda points: _mesh(points, "%d/%d/%d")),
    "ascii.ply": _bytes(lambda points: PLY.format("ascii", len(points)).encode() + _rows(points)),
    "ascii.pcd": _bytes(lambda points: PCD.format("ascii", len(points)).encode() + _rows(points)),
    "binary.ply": _bytes(lambda points: PLY.format("binary_little_endian", len(points)).encode() + points.tobytes()),
    "binary.pcd": _bytes(lambda points: PCD.format("binary", len(points)).encode() + points.tobytes()),
    "array.npy": lambda path, points: np.save(path, points),
    "data.h5": _hdf5,
}


def run(runner: Runner) -> None:
    """Read files of two million points in processes of their own, in turn with another checkout if there is one."""
    points = np.random.default_rng(0).uniform(-1, 1, (runner.size(2_000_000, 500), 3)).astype(np.float32)
    checkouts = [ROOT, *([runner.against] if runner.against else [])]
    with tempfile.TemporaryDirectory() as folder:
        for name, write in FILES.items():
            path, small = Path(folder, name), Path(folder, f"small_{name}")
            write(path, points)
            write(small, points[:10])
            rounds = [
                [measure_process(SCRIPT, root, path, small) for root in checkouts]
                for _ in range(runner.size(ROUNDS, 1))
            ]
            path.unlink()
            found = [median([each[index] for each in rounds]) for index in range(len(checkouts))]
            ours, reference = found[0], found[1] if len(found) > 1 else None
            if ours is None:
                runner.note(f"{name} is not read.")
            else:
                runner.add_row(f"{name}, {len(points):,} points", ours, reference)
    runner.note(
        f"The points of a file take {points.nbytes / 1e6:,.0f} MB in float32. Peak memory is that of the process "
        "above what it has after it read a small file."
    )


def measure_process(script: Path, root: Path, *arguments: str | Path) -> Measurement | None:
    """Returns the seconds and the peak memory that a script prints; ``None`` if it fails.

    Args:
        script: ``read_once.py``, ``embed_once.py`` or ``encode_once.py``.
        root: the checkout whose package it uses.
        arguments: of the script: what it measures, and what it does before, to import what it needs.
    """
    process = subprocess.run(
        [sys.executable, str(script), *map(str, arguments)],
        env={**os.environ, "PYTHONPATH": str(root.resolve())},  # it starts in another folder
        capture_output=True,
        text=True,
        cwd=script.parent,
    )
    if process.returncode:
        return None
    answer = json.loads(process.stdout.splitlines()[-1])
    return Measurement(answer["seconds"], answer["peak_mb"])


def compare_processes(runner: Runner, setting: str, script: Path, *arguments: str | Path) -> None:
    """Measures a script with the packages of this checkout and of ``runner.against`` in turn, and adds a row."""
    checkouts = [ROOT, *([runner.against] if runner.against else [])]
    rounds = [[measure_process(script, root, *arguments) for root in checkouts] for _ in range(runner.size(ROUNDS, 1))]
    found = [median([each[index] for each in rounds]) for index in range(len(checkouts))]
    assert found[0] is not None
    runner.add_row(setting, found[0], found[1] if len(found) > 1 else None)


def median(rounds: list[Measurement | None]) -> Measurement | None:
    """Returns the median of both figures, or ``None`` if a round has none."""
    found = [each for each in rounds if each is not None]
    if len(found) < len(rounds):
        return None
    return Measurement(
        statistics.median(each.seconds for each in found), statistics.median(each.peak_mb for each in found)
    )
