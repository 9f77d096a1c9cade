"""NumPy's ``.npy`` files of one array."""

from __future__ import annotations

from pathlib import Path
from tokenize import TokenError

import numpy as np

from conclu_pyg.errors import DataError

HINT = "restore it or remove it from the data set"


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
