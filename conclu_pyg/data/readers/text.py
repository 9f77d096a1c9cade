"""Clouds as text: a point on each line, its coordinates first, commas between the numbers."""

from __future__ import annotations

import re
import warnings
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
        DataError: the file is missing, too large, or has a line without three numbers.
    """
    try:
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise DataError(f"{path} has {size:,} bytes, more than the {MAX_BYTES:,} that a cloud may have; {REMEDY}.")
        with path.open(encoding="latin-1") as file, warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # of no data: a cloud without points is refused later
            return np.loadtxt(file, delimiter=",", usecols=(0, 1, 2), ndmin=2)
    except OSError as error:
        raise DataError(f"the cloud {path} cannot be read ({error.strerror}); {REMEDY}.") from error
    except ValueError as error:
        reason = re.sub(r";.*|\.$", "", str(error).splitlines()[0])
        raise DataError(
            f"{path} must hold three comma-separated coordinates first on each line ({reason}); {REMEDY}."
        ) from error
