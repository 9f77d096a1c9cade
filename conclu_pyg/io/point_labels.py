"""Files of point labels: one integer for each point of a cloud."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from conclu_pyg.io.clouds import MAX_POINTS, check_file
from conclu_pyg.io.npy import read_npy
from conclu_pyg.io.refusals import RESTORE, mismatch, too_many
from conclu_pyg.io.text import read_columns

EXPECTED = "one integer for each point"
WRITE = "write one label for each point, numbered as in labels.csv next to the predictions"


def read_labels(path: Path) -> np.ndarray:
    """Reads the labels of a cloud's points from an ``.npy`` file, ``[m]`` or ``[m, 1]``, or from a text file with one
    number on each line.

    Shapes:
        - **output:** ``[m]`` with ``m >= 1``, integers of any number type

    Raises:
        DataError: the file cannot be read, is no regular file, has more than 4 GiB or 50 million labels, no labels,
            further columns, or anything but integers.
    """
    check_file(path)
    labels, shape = _from_npy(path) if path.suffix.lower() == ".npy" else _from_text(path)
    if shape:
        raise mismatch(path, EXPECTED, shape, WRITE)
    if len(labels) == 0:
        raise mismatch(path, EXPECTED, "no labels", f"{WRITE}, or {RESTORE}")
    if len(labels) > MAX_POINTS:
        raise too_many(path, len(labels), MAX_POINTS, "labels", "subsample the cloud and its labels in the same way")
    if labels.dtype.kind not in "iuf":
        raise mismatch(path, EXPECTED, f"an array of {labels.dtype}", WRITE)
    wrong = ~np.isfinite(labels) | (np.trunc(labels) != labels)
    if wrong.any():
        raise mismatch(path, EXPECTED, f"the label {labels[wrong][0]:g}", WRITE)
    return labels


def _from_npy(path: Path) -> tuple[np.ndarray, str]:
    """Returns the labels, and a description of the array if its shape is wrong, or an empty text."""
    labels = read_npy(path, RESTORE)
    fits = labels.ndim == 1 or (labels.ndim == 2 and labels.shape[1] == 1)
    return labels.reshape(-1), "" if fits else f"an array of shape {list(labels.shape)}"


def _from_text(path: Path) -> tuple[np.ndarray, str]:
    """Returns the first column, and a description of the table if there are several columns, or an empty text."""
    labels = read_columns(path, (0,), f"{EXPECTED}, on a line of its own")[:, 0]
    with path.open(encoding="latin-1") as file:
        widths = sorted({len(line.partition("#")[0].split()) for line in file} - {0})
    if widths in ([], [1]):
        return labels, ""
    found = f"shape [{len(labels)}, {widths[0]}]" if len(widths) == 1 else f"{widths[0]} to {widths[-1]} columns"
    return labels, f"a table of {found}"
