"""The file formats by suffix, and the module that reads each."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import TypeAlias

from conclu_pyg.io.child_process import read_in_child
from conclu_pyg.io.file_cloud import FileCloud

# Reads the clouds of a file that exists and is not empty, by its path and the largest number of points in a cloud.
Reader: TypeAlias = Callable[[Path, int], Iterator[FileCloud]]

# Each module of this package has a function `read`, a Reader. It is imported when a file of its format is read.
MODULES = {
    ".npy": "npy",
    ".npz": "npz",
    ".las": "las",
    ".laz": "las",
    ".3mf": "threemf",
    ".e57": "e57",
    ".off": "off",
    ".obj": "obj",
    ".pcd": "pcd",
    ".ply": "ply",
    ".stl": "stl",
    **dict.fromkeys((".txt", ".csv", ".xyz", ".pts", ".asc", ".xyzn", ".xyzrgb", ".tsv"), "text"),
    **dict.fromkeys((".h5", ".hdf5"), "h5"),
    **dict.fromkeys((".step", ".stp"), "step"),
    **dict.fromkeys((".gltf", ".glb"), "gltf"),
}
SUFFIXES = tuple(sorted(MODULES))
# Modules whose library can end the process, so that they run in a child process.
ISOLATED = {"e57", "step"}
CONVERT = {
    ".mat": "save the one array that holds the points as .npy",
}


def find_reader(suffix: str) -> Reader:
    """Returns the reader of a suffix in lower case, one of ``SUFFIXES``."""
    module = f"conclu_pyg.io.{MODULES[suffix]}"
    if MODULES[suffix] in ISOLATED:
        return partial(read_in_child, module)
    reader: Reader = importlib.import_module(module).read
    return reader
