"""The up axis of a data set of files, measured on a sample of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from conclu_pyg.data.resize import resize, shape_rng
from conclu_pyg.data.up_axis import MIN_CLASSES, MIN_CLOUDS, measure_up_axis
from conclu_pyg.datasets.folders.read_file import FileContent
from conclu_pyg.errors import ConcluError
from conclu_pyg.io.parallel import map_files
from conclu_pyg.progress import track

MAX_FILES = 256
MEASURED_POINTS = 512


def sample_rows(count: int) -> np.ndarray:
    """Returns evenly spaced numbers below ``count``, at most 256."""
    return np.unique(np.linspace(0, count - 1, min(count, MAX_FILES)).astype(np.int64))


def can_measure(labels: np.ndarray) -> bool:
    """Returns whether there are enough files and classes to measure the axis.

    Shapes:
        - **labels:** ``[n]``, the class of each file
    """
    return len(labels) >= MIN_CLOUDS and len(np.unique(labels)) >= MIN_CLASSES


def measure_files(
    paths: Sequence[Path], labels: np.ndarray, read: Callable[[Path], FileContent], title: str
) -> int | None:
    """Returns the measured up axis of the first cloud of each file, or ``None`` if no axis stands out.

    Files that cannot be read are left out here; they are reported when their split is read.

    Args:
        paths: the files.
        labels: the class of each.
        read: reads a file, also in another process.
        title: the name of the data set, for the progress bar.

    Shapes:
        - **labels:** ``[n]``
    """
    pos, y = [], []
    description = f"Measuring the up axis of {title}"
    found = track(map_files(read, paths), description, len(paths))
    for label, (_, content) in zip(labels.tolist(), found, strict=True):
        if isinstance(content, ConcluError):
            continue
        for part in content.parts():
            pos.append(resize(part.points, MEASURED_POINTS, shape_rng(0, part.name))[0])
            y.append(label)
            break
    return measure_up_axis(np.stack(pos), np.array(y)) if pos else None
