"""NumPy's ``.npy`` files of one array."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from tokenize import TokenError

import numpy as np

from conclu_pyg.data.clean import check_not_transposed
from conclu_pyg.errors import DataError
from conclu_pyg.io.file_cloud import EXTRA_COLUMNS, FileCloud

HINT = "restore it or remove it from the data set"
FILE_HINT = "restore the file or leave it out"


def read(path: Path, max_points: int) -> Iterator[FileCloud]:
    """Yields the clouds of an array ``[points, 3 or more]`` or ``[clouds, points, 3 or more]``.

    Raises:
        DataError: the file cannot be read, or its array has another shape.
    """
    array = read_npy(path, FILE_HINT)
    check_not_transposed(array.shape, str(path))
    if array.ndim == 3 and (array.shape[2] < 3 or array.dtype.kind not in "fiu"):  # one error for all of its clouds
        raise DataError(
            f"{path}: expected numbers of shape [clouds, points, 3], got {array.dtype} of shape {list(array.shape)}; "
            f"{FILE_HINT}.",
            file=path,
            got=(array.dtype, array.shape),
        )
    for cloud in array if array.ndim == 3 else [array]:
        wide = cloud.ndim == 2 and cloud.shape[1] > 3
        yield FileCloud(cloud[:, :3] if wide else cloud, notes=(EXTRA_COLUMNS,) if wide else ())


def read_npy(path: Path, hint: str = HINT) -> np.ndarray:
    """Reads the array of an ``.npy`` file, of any shape and number type; pickled objects are rejected.

    Args:
        path: the file.
        hint: what to do about a file that cannot be used, the end of the message.

    Raises:
        DataError: the file is missing, truncated, not in this format, or holds objects.
    """
    try:
        return np.array(np.lib.format.open_memmap(path, mode="r"))  # a map, so a false size allocates no memory
    except (OSError, ValueError, TypeError, OverflowError, SyntaxError, TokenError) as error:
        reason = " ".join(str(error).split()).rstrip(".")
        raise DataError(f"{path} cannot be read as an .npy file ({reason}); {hint}.", file=path) from error
