"""NumPy's own files of one array."""

from __future__ import annotations

from pathlib import Path
from tokenize import TokenError

import numpy as np

from conclu_pyg.errors import DataError

REMEDY = "restore it or remove it from the data set"


def read_npy(path: Path, remedy: str = REMEDY) -> np.ndarray:
    """Reads the array of an ``.npy`` file, of any shape and number type; pickled objects are refused.

    Args:
        path: the file.
        remedy: what to do about a file that cannot be used, the end of the message.

    Raises:
        DataError: a file that is missing, truncated, not of this format, or of objects.
    """
    try:
        return np.array(np.lib.format.open_memmap(path, mode="r"))  # a map: no memory for a size that is a mere claim
    except (OSError, ValueError, TypeError, OverflowError, SyntaxError, TokenError) as error:
        reason = " ".join(str(error).split()).rstrip(".")
        raise DataError(f"{path} cannot be read as an .npy file ({reason}); {remedy}.") from error
