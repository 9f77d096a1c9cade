"""Clouds as text: a point on each line, the same columns of numbers on all of them."""

from __future__ import annotations

import re
import warnings
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from conclu_pyg.errors import DataError

MAX_BYTES = 1 << 28  # the release's files have 0.6 MB
REMEDY = "restore the file or take it out of the list"


def read_text_cloud(path: Path) -> np.ndarray:
    """Reads the first three columns of a comma-separated file.

    Shapes:
        - **output:** float64 ``[m, 3]``

    Raises:
        DataError: as :func:`read_columns`.
    """
    return read_columns(path, (0, 1, 2), "three comma-separated coordinates first on each line", delimiter=",")


def read_columns(path: Path, columns: Sequence[int], content: str, *, delimiter: str | None = None) -> np.ndarray:
    """Reads some columns of a file of numbers.

    Args:
        path: the file.
        columns: which, the first is 0.
        content: what the file must hold, for messages.
        delimiter: what stands between the numbers (default: white space).

    Shapes:
        - **output:** float64 ``[m, len(columns)]``; without lines, ``m`` is 0

    Raises:
        DataError: the file is missing, too large, or has a line without numbers in these columns.
    """
    try:
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise DataError(f"{path} has {size:,} bytes, more than the {MAX_BYTES:,} that a cloud may have; {REMEDY}.")
        with path.open(encoding="latin-1") as file, warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # of no data: a cloud without points is refused later
            numbers = np.loadtxt(file, delimiter=delimiter, usecols=columns, ndmin=2)
            return numbers if len(numbers) else np.empty((0, len(columns)))
    except OSError as error:
        raise DataError(f"the cloud {path} cannot be read ({error.strerror}); {REMEDY}.") from error
    except ValueError as error:
        reason = re.sub(r";.*|\.$", "", str(error).splitlines()[0])
        raise DataError(f"{path} must hold {content} ({reason}); {REMEDY}.") from error
