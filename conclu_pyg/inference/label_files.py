"""Files of part labels: one whole number for each point of a cloud, and nothing else."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from conclu_pyg.errors import DataError
from conclu_pyg.io.clouds import MAX_POINTS, REMEDY, check_size
from conclu_pyg.io.npy import read_npy
from conclu_pyg.io.text import read_columns

EXPECTED = "one whole number for each point"
WRITE = "write the label of each point alone, numbered as labels.csv beside the predictions does"


def read_labels(path: Path) -> np.ndarray:
    """Reads the labels of a cloud's points from an ``.npy`` file, ``[m]`` or ``[m, 1]``, or from text of one number on
    each line.

    Shapes:
        - **output:** ``[m]`` with ``m >= 1``, whole numbers of any number type

    Raises:
        DataError: the file cannot be read, has above 4 GiB or 50 million labels, or none, columns beside them, or what
            is no whole number.
    """
    check_size(path)
    labels, shape = _from_npy(path) if path.suffix.lower() == ".npy" else _from_text(path)
    if shape:
        raise DataError(f"{path} has {shape}, where {EXPECTED} is expected; {WRITE}.")
    if len(labels) == 0:
        raise DataError(f"{path} has no labels, where {EXPECTED} is expected; {WRITE}, or {REMEDY}.")
    if len(labels) > MAX_POINTS:
        raise DataError(
            f"{path} has {len(labels):,} labels, more than the {MAX_POINTS:,} points that a cloud may have; thin the "
            "cloud and its labels alike."
        )
    if labels.dtype.kind not in "iuf":
        raise DataError(f"{path} has an array of {labels.dtype}, where {EXPECTED} is expected; {WRITE}.")
    wrong = ~np.isfinite(labels) | (np.trunc(labels) != labels)
    if wrong.any():
        raise DataError(f"{path} has the label {labels[wrong][0]:g}, where {EXPECTED} is expected; {WRITE}.")
    return labels


def _from_npy(path: Path) -> tuple[np.ndarray, str]:
    """The labels, and in words the shape of an array that cannot be labels; empty where it can."""
    labels = read_npy(path, REMEDY)
    fits = labels.ndim == 1 or (labels.ndim == 2 and labels.shape[1] == 1)
    return labels.reshape(-1), "" if fits else f"an array of shape {list(labels.shape)}"


def _from_text(path: Path) -> tuple[np.ndarray, str]:
    """The first column, and in words how many columns there are; empty where it is one."""
    labels = read_columns(path, (0,), f"{EXPECTED}, on a line of its own")[:, 0]
    with path.open(encoding="latin-1") as file:
        widths = sorted({len(line.partition("#")[0].split()) for line in file} - {0})
    if widths in ([], [1]):
        return labels, ""
    found = f"shape [{len(labels)}, {widths[0]}]" if len(widths) == 1 else f"{widths[0]} to {widths[-1]} columns"
    return labels, f"a table of {found}"
