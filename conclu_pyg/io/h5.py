"""HDF5 files of labelled clouds: ``data`` ``[n, N, 3]``, ``label`` ``[n]`` or ``[n, 1]``, maybe ``pid`` ``[n, N]``."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import h5py
import numpy as np

from conclu_pyg.errors import DataError
from conclu_pyg.io.h5_file import dataset_of, opened
from conclu_pyg.io.transposed import check_not_transposed

BLOCK_BYTES = 1 << 25  # what is held at once while a file is read
REMEDY = "restore the file or take it out of the list"


class H5Clouds:
    """The clouds of one h5 file, checked before anything large is read.

    Args:
        path: the file.
        num_classes: labels must lie below it.
        names_file: the file that names the classes, for messages.
        parts: whether the file holds ``pid`` too, the part of each point.

    Attributes:
        labels: the class of each cloud.
        num_points: how many points each cloud has.

    Shapes:
        - **labels:** int64 ``[n]``

    Raises:
        DataError: a file that is missing, truncated or not HDF5, lacks ``data``, ``label`` or ``pid``, or holds them in
            another shape or number type, or labels outside of the classes.
    """

    def __init__(
        self, path: Path, num_classes: int, *, names_file: str = "shape_names.txt", parts: bool = False
    ) -> None:
        self.path, self.names_file, self.parts = path, names_file, parts
        with opened(path, REMEDY) as file:
            data, label = _dataset(file, path, "data"), _dataset(file, path, "label")
            check_not_transposed(data.shape, f"{path}: 'data'")
            if data.ndim != 3 or data.shape[2] != 3 or data.shape[1] == 0 or data.dtype.kind not in "fiu":
                raise DataError(
                    f"{path}: 'data' must hold numbers of shape [clouds, points, 3] with points > 0, found "
                    f"{data.dtype} {list(data.shape)}; {REMEDY}."
                )
            if label.shape not in ((len(data),), (len(data), 1)) or label.dtype.kind not in "fiu":
                raise DataError(
                    f"{path}: 'label' must hold one integer for each of the {len(data):,} clouds in 'data', found "
                    f"{label.dtype} {list(label.shape)}; {REMEDY}."
                )
            self.num_points = int(data.shape[1])
            if parts:
                pid = _dataset(file, path, "pid")
                if pid.shape != data.shape[:2] or pid.dtype.kind not in "iu":
                    raise DataError(
                        f"{path}: 'pid' must hold an integer for each of the {self.num_points:,} points of the "
                        f"{len(data):,} clouds in 'data', found {pid.dtype} {list(pid.shape)}; {REMEDY}."
                    )
            values = np.asarray(label[...]).reshape(-1)
            self.labels = self._check_labels(values, num_classes)

    def _check_labels(self, values: np.ndarray, num_classes: int) -> np.ndarray:
        with np.errstate(invalid="ignore"):
            bad = np.flatnonzero(~((values >= 0) & (values < num_classes) & (values == np.floor(values))))
        if len(bad):
            raise DataError(
                f"{self.path}: cloud {bad[0]} has the label {values[bad[0]]}, but labels must be 0 to "
                f"{num_classes - 1} ({num_classes} class names in {self.names_file}); {len(bad):,} of {len(values):,} "
                f"labels are outside. Give {self.names_file} the names of all classes, or {REMEDY}."
            )
        return values.astype(np.int64)

    def read(self, rows: slice) -> np.ndarray:
        """Some of the clouds, in the number type of the file.

        Shapes:
            - **output:** ``[r, num_points, 3]``
        """
        with opened(self.path, REMEDY) as file:
            return np.asarray(_dataset(file, self.path, "data")[rows])

    def __len__(self) -> int:
        return len(self.labels)

    def __iter__(self) -> Iterator[np.ndarray]:
        """The clouds one by one, each ``[num_points, 3]`` in the number type of the file."""
        return self._rows("data")

    def part(self) -> Iterator[np.ndarray]:
        """The parts of the clouds' points one by one, each ``[num_points]``; only where the file was opened so."""
        return self._rows("pid")

    def _rows(self, key: str) -> Iterator[np.ndarray]:
        with opened(self.path, REMEDY) as file:
            values = _dataset(file, self.path, key)
            if values.shape[:2] != (len(self), self.num_points):
                raise DataError(f"{self.path} was changed while it was read; start again.")
            rows = max(1, BLOCK_BYTES // max(1, self.num_points * 3 * values.dtype.itemsize))
            for start in range(0, len(self), rows):
                yield from values[start : start + rows]


def _dataset(file: h5py.File, path: Path, key: str) -> h5py.Dataset:
    needed = "'data', 'label' and 'pid'" if key == "pid" else "'data' and 'label'"
    return dataset_of(file, path, key, f"the data sets {needed}", REMEDY)
