"""Clouds as NumPy's ``.npz`` archives."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from conclu_pyg.errors import DataError
from conclu_pyg.files import atomic_write

if TYPE_CHECKING:
    from conclu_pyg.io.clouds import Cloud

TAKEN = ("points", "labels")


def write_npz(path: Path, cloud: Cloud) -> None:
    """Writes the arrays ``points``, ``labels`` and the attributes by their names. The file is replaced atomically.

    The points of a cloud with an offset are the coordinates of its file, in double precision, so that every reader of
    the archive has them.

    Raises:
        DataError: an attribute has the name of the points or the labels, or holds objects.
        OSError: the file cannot be written.
    """
    points = cloud.points if cloud.offset is None else cloud.points + cloud.offset
    arrays = {"points": points, **({} if cloud.labels is None else {"labels": cloud.labels})}
    for name, values in cloud.x.items():
        if name in TAKEN or values.dtype.hasobject:
            raise DataError(
                f"{path}: an attribute must have numbers and another name than {' and '.join(TAKEN)}, got {name!r} of "
                f"{values.dtype}; rename it.",
                file=path,
                argument=name,
                got=values.dtype,
            )
    with atomic_write(path) as file, zipfile.ZipFile(file, "w") as archive:
        for name, values in {**arrays, **cloud.x}.items():
            with archive.open(f"{name}.npy", "w", force_zip64=True) as member:
                np.lib.format.write_array(member, np.asanyarray(values), allow_pickle=False)
