"""HDF5 files of one cloud or several, labelled or not: ``data`` ``[N, 3]`` or ``[n, N, 3]``, and perhaps ``pid``."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import h5py
import numpy as np

from conclu_pyg.errors import DataError
from conclu_pyg.io.h5_file import dataset_of, opened
from conclu_pyg.io.transposed import check_not_transposed

REMEDY = "restore the file or leave it out"


def read_any_h5(path: Path, max_points: int) -> Iterator[tuple[np.ndarray, np.ndarray | None]]:
    """The clouds of ``data`` one by one, and the part of each of their points, where ``pid`` has them.

    Columns of ``data`` after the third are not read.

    Args:
        path: the file.
        max_points: how many points a cloud may have.

    Shapes:
        - **output:** ``[N, 3]`` in the number type of the file, and int64 ``[N]`` or ``None``

    Raises:
        DataError: no HDF5 file, one that is damaged, without ``data`` of such a shape, or whose ``pid`` has not one
            integer for each point.
    """
    with opened(path, REMEDY) as file:
        data, part = _dataset(file, path, "data"), _dataset(file, path, "pid") if "pid" in file else None
        check_not_transposed(data.shape, f"{path}: 'data'")
        if data.ndim not in (2, 3) or data.shape[-1] < 3 or data.dtype.kind not in "fiu":
            raise DataError(
                f"{path}: 'data' must hold numbers of shape [points, 3] or [clouds, points, 3], found "
                f"{data.dtype} {list(data.shape)}; {REMEDY}."
            )
        if data.shape[-2] > max_points:
            raise DataError(
                f"{path}: the clouds in 'data' have {data.shape[-2]:,} points, more than the {max_points:,} that a "
                f"cloud may have; thin them first."
            )
        if part is not None and (part.shape != data.shape[:-1] or part.dtype.kind not in "iu"):
            raise DataError(
                f"{path}: 'pid' must hold an integer for each point of 'data' of shape {list(data.shape)}, found "
                f"{part.dtype} {list(part.shape)}; {REMEDY}."
            )
        for row in [(...,)] if data.ndim == 2 else [(index,) for index in range(len(data))]:
            labels = None if part is None else np.asarray(part[row]).astype(np.int64)
            yield np.asarray(data[(*row, slice(None), slice(0, 3))] if data.ndim == 3 else data[:, :3]), labels


def _dataset(file: h5py.File, path: Path, key: str) -> h5py.Dataset:
    return dataset_of(file, path, key, "its clouds as the data set 'data'", REMEDY)
