"""Clouds as LAS and LAZ files, version 1.4."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import numpy as np

from conclu_pyg.errors import DataError
from conclu_pyg.files import atomic_write
from conclu_pyg.io.ply_writer import name_columns

if TYPE_CHECKING:
    import laspy

    from conclu_pyg.io.clouds import Cloud

HINT = "write a .ply or .npz file"
MAX_STEPS = 2**31 - 2  # of the integers on each side of the offset
MAX_NAME = 32  # bytes
NORMALS = ("NormalX", "NormalY", "NormalZ")  # as CloudCompare names them


def write_las(path: Path, cloud: Cloud) -> None:
    """Writes a cloud, compressed if the suffix is ``.laz``. The file is replaced atomically.

    The scale of each axis is the smallest power of ten with which integers of 32 bits reach over the cloud, so its
    extent has at least 4 * 10^8 steps; float32 resolves 2^24. Labels become classes. Colours of 8 bits, or from 0 to 1,
    are scaled to 16 bits, as the format has no others. Attributes that it does not have become extra dimensions.

    Raises:
        DataError: a label or an attribute is out of the range of the format.
        OSError: the file cannot be written.
    """
    las = _las_data(path, cloud)
    with atomic_write(path) as file:
        _write(las, file, path.suffix.lower() == ".laz")


def _write(las: laspy.LasData, file: BinaryIO, compress: bool) -> None:
    import laspy

    backend = laspy.LazBackend.Lazrs if compress else None
    with laspy.open(file, "w", header=las.header, do_compress=compress, laz_backend=backend, closefd=False) as writer:
        writer.write_points(las.points)


def _las_data(path: Path, cloud: Cloud) -> laspy.LasData:
    import laspy

    points = np.asarray(cloud.points, np.float64) + (0.0 if cloud.offset is None else cloud.offset)
    x = dict(cloud.x)
    colors = _colors(x.pop("colors"), path) if "colors" in x else None
    header = laspy.LasHeader(point_format=6 if colors is None else 7, version="1.4")
    header.offsets, header.scales = map(np.array, zip(*map(_grid, points.T), strict=True))
    las = laspy.LasData(header, laspy.ScaleAwarePointRecord.zeros(len(points), header=header))
    for axis, name in enumerate("XYZ"):
        las[name] = np.round((points[:, axis] - header.offsets[axis]) / header.scales[axis]).astype(np.int32)
    if cloud.labels is not None:
        _set(las, "classification", cloud.labels, path)
    if colors is not None:
        for name, values in zip(("red", "green", "blue"), colors.T, strict=False):
            las[name] = values
        x |= {"alpha": colors[:, 3]} if colors.shape[1] == 4 else {}
    standard = {*las.point_format.dimension_names} - {"X", "Y", "Z", "red", "green", "blue", "classification"}
    for name in standard & x.keys():
        _set(las, name, x.pop(name), path)
    taken = {*las.point_format.dimension_names, "x", "y", "z"}
    for name, values in name_columns(x.items(), r"[^ -~]", taken, NORMALS):
        kind = {"b": np.uint8, "f": np.float32}.get(values.dtype.kind) if values.dtype.itemsize < 4 else None
        if len(name) > MAX_NAME or values.dtype.kind not in "iufb":
            raise DataError(
                f"{path}: expected numbers, named by at most {MAX_NAME} characters, got {name!r} of {values.dtype}; "
                f"{HINT}.",
                file=path,
                argument=name,
                got=values.dtype,
            )
        las.add_extra_dim(laspy.ExtraBytesParams(name, kind or values.dtype))
        las[name] = values
    las.update_header()
    return las


def _grid(values: np.ndarray) -> tuple[float, float]:
    """Returns the offset and the scale of an axis: short decimal numbers, so that coordinates that are multiples of
    such numbers are restored exactly."""
    low, high = float(values.min()), float(values.max())
    half = (high - low) / 2
    if half == 0:
        return low, 1e-9
    offset = round((low + high) / 2, max(0, 1 - math.floor(math.log10(half))))
    return offset, float(f"1e{math.floor(math.log10(max(high - offset, offset - low) / MAX_STEPS)) + 1}")


def _set(las: laspy.LasData, name: str, values: np.ndarray, path: Path) -> None:
    """Sets a standard dimension; laspy 2.7.0 changes integers that are out of its range without an error."""
    try:
        las[name] = values
    except (OverflowError, TypeError, ValueError):
        is_kept = False
    else:
        is_kept = np.array_equal(np.asarray(las[name]), values)
    if not is_kept:
        found = f"{np.min(values):g} to {np.max(values):g}"
        raise DataError(
            f"{path}: {name} must be integers in the range of the format, such as classes of 0 to 255, got {found}; "
            f"{HINT}.",
            file=path,
            argument=name,
            got=found,
        )


def _colors(colors: np.ndarray, path: Path) -> np.ndarray:
    """Returns colours as 16 bits: those of 8 bits times 257, and floats from 0 to 1 times 65,535."""
    low, high = np.min(colors, initial=0), np.max(colors, initial=0)
    if colors.dtype == np.uint8:
        return colors.astype(np.uint16) * 257
    if not 0 <= low <= high <= (1 if colors.dtype.kind == "f" else 65535):
        raise DataError(
            f"{path}: colors must be integers of 0 to 65,535, or 0 to 1, got {low:g} to {high:g}; {HINT}.",
            file=path,
            argument="colors",
            got=(low, high),
        )
    return (np.round(colors * 65535.0) if colors.dtype.kind == "f" else colors).astype(np.uint16)
