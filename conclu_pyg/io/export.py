"""Clouds as files that keep their precision, attributes and labels."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from conclu_pyg.errors import DataError
from conclu_pyg.io.las_writer import write_las
from conclu_pyg.io.npz_writer import write_npz
from conclu_pyg.io.ply_writer import write_ply

if TYPE_CHECKING:
    from conclu_pyg.io.clouds import Cloud


def _write_ply(path: Path, cloud: Cloud) -> None:
    write_ply(path, cloud.points, cloud.offset, cloud.x, cloud.labels)


WRITERS: dict[str, Callable[[Path, Cloud], None]] = {
    ".ply": _write_ply,
    ".las": write_las,
    ".laz": write_las,
    ".npz": write_npz,
}


def write_cloud(path: str | Path, cloud: Cloud) -> None:
    """Writes a cloud where it came from, as ``points + offset``, with its attributes and labels.

    The format is chosen by the suffix: ``.ply`` (binary; in double precision where the cloud has an offset), ``.las``
    and ``.laz`` (version 1.4; 16 bits for colours, labels of 0 to 255), or ``.npz``. The file is replaced atomically.

    Args:
        path: the file.
        cloud: the cloud, such as one of :func:`~conclu_pyg.io.clouds.read_clouds`.

    Raises:
        DataError: the suffix is another one, or the format cannot hold an attribute or a label.
        OSError: the file cannot be written.
    """
    path = Path(path)
    writer = WRITERS.get(path.suffix.lower())
    if writer is None:
        raise DataError(
            f"{path}: expected one of the suffixes {', '.join(WRITERS)}, got {path.suffix or 'no suffix'}; choose one.",
            file=path,
            got=path.suffix,
        )
    _check(path, cloud)
    writer(path, cloud)


def _check(path: Path, cloud: Cloud) -> None:
    """Refuses points that no reader would give back, and attributes of another length."""
    size = len(cloud.points)
    if not size or not np.isfinite(cloud.points).all():
        got = "a point that is not finite" if size else "none"
        raise DataError(f"{path}: expected points with finite coordinates, got {got}; leave them out.", file=path)
    arrays = cloud.x if cloud.labels is None else {**cloud.x, "labels": cloud.labels}
    for name, values in arrays.items():
        if len(values) != size:
            raise DataError(
                f"{path}: expected {size:,} values of {name!r}, one for each point, got {len(values):,}; give as many.",
                file=path,
                argument=name,
                got=len(values),
            )
