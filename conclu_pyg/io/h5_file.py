"""HDF5 files of others: opened, and their data sets taken, so that each fault is one sentence."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import h5py

from conclu_pyg.errors import DataError, one_line

# Deflate, the filter of these files, packs at most 1032 to 1: a file that claims more than that holds nothing real.
MAX_RATIO = 1100


@contextmanager
def opened(path: Path, remedy: str) -> Iterator[h5py.File]:
    """An open file whose failures, on opening or later on reading, are one sentence.

    Args:
        path: the file.
        remedy: what to do about a file that cannot be used, the end of the sentence.

    Raises:
        DataError: there is no such file, it is damaged, or this very program has it open in another manner.
    """
    if not path.is_file():
        raise DataError(f"there is no file {path}; {remedy}.")
    try:
        with h5py.File(path, "r", locking=False) as file:
            yield file
    except (OSError, RuntimeError, KeyError, ValueError) as error:
        if "locking flag" in str(error):  # a notebook that looked into it by h5py.File(path)
            raise DataError(
                f"{path} is open elsewhere in this program, with locks; close it there, or open it there by "
                "h5py.File(..., locking=False)."
            ) from error
        raise DataError(f"{path} is truncated, damaged or not an h5 file ({one_line(error)}); {remedy}.") from error


def dataset_of(file: h5py.File, path: Path, key: str, needed: str, remedy: str) -> h5py.Dataset:
    """The data set ``key``, which must lie in this very file and claim no more than that can hold.

    Args:
        file: as :func:`opened` gives it.
        path: its place.
        key: the name of the data set.
        needed: what such a file must hold, for the message.
        remedy: as of :func:`opened`.

    Raises:
        DataError: there is no such data set, it lies in other files, or claims more than this one can hold.
    """
    link = file.get(key, getlink=True) if key in file else None
    item = file[key] if isinstance(link, h5py.HardLink) else None
    if not isinstance(item, h5py.Dataset):
        found = ", ".join(f"'{name}'" for name in file) or "nothing"
        raise DataError(f"{path} must hold {needed}, found {found:.200}; {remedy}.")
    if item.is_virtual or item.external:
        raise DataError(f"{path}: '{key}' lies in other files, which are not followed; copy it into this file.")
    size = path.stat().st_size
    claimed = item.size * item.dtype.itemsize if item.size else 0
    if claimed > MAX_RATIO * size:
        raise DataError(
            f"{path}: '{key}' claims {claimed:,} bytes of shape {list(item.shape)}, which a file of {size:,} bytes "
            f"cannot hold; {remedy}."
        )
    return item
