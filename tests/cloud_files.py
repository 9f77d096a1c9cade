"""Small files of clouds, and a reader that ends its process."""

import os
from pathlib import Path

import numpy as np

from conclu_pyg.datasets.folders.read_file import FileContent, ReadOptions, read_file

CUBE = """OFF
8 6 0
0 0 0
1 0 0
1 1 0
0 1 0
0 0 1
1 0 1
1 1 1
0 1 1
4 0 1 2 3
4 4 5 6 7
4 0 1 5 4
4 1 2 6 5
4 2 3 7 6
4 3 0 4 7
"""


def write_off(path: Path) -> None:
    """Writes the unit cube as a mesh."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(CUBE)


def write_ply(path: Path, points: np.ndarray) -> None:
    """Writes float32 points as binary PLY."""
    header = f"ply\nformat binary_little_endian 1.0\nelement vertex {len(points)}\n"
    header += "".join(f"property float {axis}\n" for axis in "xyz") + "end_header\n"
    path.write_bytes(header.encode() + points.astype("<f4").tobytes())


def read_file_that_may_end_its_process(path: Path, options: ReadOptions) -> FileContent:
    """Reads a file, or ends the process if the name of the file says so."""
    if "ends" in path.name:
        os._exit(3)
    return read_file(path, options)
