"""NumPy's ``.npy`` files of one array, and clouds in arrays."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from tokenize import TokenError

import numpy as np

from conclu_pyg.data.clean import HINT, check_not_transposed
from conclu_pyg.errors import DataError
from conclu_pyg.io.column_names import ColumnError, find_coordinates, group_attributes, simplify
from conclu_pyg.io.file_cloud import EXTRA_COLUMNS, FileCloud
from conclu_pyg.io.refusals import RESTORE, mismatch, refused, unreadable

TABLE_HINT = "name the fields of the coordinates x, y and z, or save an array of the coordinates alone"
# The errors of NumPy about the header of an array.
HEADER_ERRORS = (OSError, ValueError, TypeError, OverflowError, SyntaxError, TokenError, MemoryError, RecursionError)
POINTS = (
    "points", "pos", "xyz", "data", "coords", "coordinates", "positions", "vertices", "point_cloud", "pointcloud",
    "cloud", "pc", "pts",
)  # fmt: skip


def read(path: Path, max_points: int) -> Iterator[FileCloud]:
    """Yields the clouds of an array ``[points, 3 or more]`` or ``[clouds, points, 3 or more]``, or of an array of
    records ``[points]`` or ``[clouds, points]`` with fields for the coordinates, the attributes and the labels.

    Raises:
        DataError: the file cannot be read, or its array has another shape.
    """
    return clouds_of(read_npy(path, RESTORE), path)


def clouds_of(array: np.ndarray, path: Path, name: str = "") -> Iterator[FileCloud]:
    """Yields the clouds of an array.

    Args:
        array: the array.
        path: its file, for messages.
        name: the name of the array in its file (default: the only one).

    Shapes:
        - **array:** ``[points, 3 or more]`` or ``[clouds, points, 3 or more]``; records ``[points]`` or
          ``[clouds, points]``

    Raises:
        DataError: the array has another shape, or its fields do not tell the coordinates.
    """
    source = f"{path}: {name!r}" if name else str(path)
    if array.dtype.names is not None:
        rows = array if array.ndim == 2 and min(array.shape) > 1 else [array.reshape(-1)]
        yield from (_from_records(row, path, source) for row in rows)
        return
    check_not_transposed(array.shape, source)
    if array.ndim == 3 and (array.shape[2] < 3 or array.dtype.kind not in "fiu"):  # one error for all of its clouds
        got = f"{array.dtype} of shape {list(array.shape)}"
        expected = "numbers of shape [clouds, points, 3]"
        raise mismatch(source, expected, got, file=path, got=(array.dtype, array.shape))
    for cloud in array if array.ndim == 3 else [array]:
        wide = cloud.ndim == 2 and cloud.shape[1] > 3
        yield FileCloud(cloud[:, :3] if wide else cloud, notes=(EXTRA_COLUMNS,) if wide else ())


def _from_records(records: np.ndarray, path: Path, source: str) -> FileCloud:
    fields = {str(name): records[name] for name in records.dtype.names or ()}
    numbers = {name: values for name, values in fields.items() if values.dtype.kind in "fiub" and values.ndim <= 2}
    found, axes = split_coordinates(numbers, source, path)
    if found is None:
        got = ", ".join(map(repr, fields)) or "none"
        raise mismatch(source, "fields for x, y and z", got, TABLE_HINT, file=path, got=tuple(fields))
    x, labels = group_attributes({name: values for name, values in numbers.items() if name not in axes})
    ignored = [name for name in fields if name not in numbers]
    return FileCloud(
        found, x=x, labels=labels, notes=(f"fields were ignored: {', '.join(ignored)}",) if ignored else ()
    )


def split_coordinates(
    arrays: dict[str, np.ndarray], source: str, path: Path
) -> tuple[np.ndarray | None, tuple[str, ...]]:
    """Returns the points among named arrays, and the names of the arrays that they come from.

    They are an array ``[n, 3]`` with the name of points, or three arrays ``[n]`` with those of x, y and z.

    Raises:
        DataError: several arrays have names of coordinates.
    """
    simple = {simplify(name): name for name in reversed(arrays)}
    for name in POINTS:
        if name in simple and arrays[simple[name]].ndim == 2 and arrays[simple[name]].shape[1] == 3:
            return arrays[simple[name]], (simple[name],)
    flat = [name for name, values in arrays.items() if values.ndim == 1]
    try:
        axes = find_coordinates(flat)
    except ColumnError as error:
        raise refused(source, str(error), TABLE_HINT, file=path, got=tuple(flat)) from error
    if axes is None:
        return None, ()
    names = tuple(flat[axis] for axis in axes)
    if len({len(arrays[name]) for name in names}) > 1:
        lengths = [len(arrays[name]) for name in names]
        raise mismatch(source, "x, y and z of equal length", lengths, file=path)
    return np.stack([arrays[name] for name in names], axis=1), names


def read_npy(path: Path, hint: str = HINT) -> np.ndarray:
    """Reads the array of an ``.npy`` file, of any shape and number type; pickled objects are rejected.

    Args:
        path: the file.
        hint: what to do about a file that cannot be used, the end of the message.

    Raises:
        DataError: the file is missing, truncated, not in this format, holds objects, or more than its array.
    """
    try:
        mapped = np.lib.format.open_memmap(path, mode="r")  # a map, so a false size allocates no memory
        further = path.stat().st_size - mapped.offset - mapped.nbytes
        if further:
            raise ValueError(f"it holds {further:,} bytes after its array of shape {list(mapped.shape)}")
        return np.array(mapped)
    except HEADER_ERRORS as error:
        raise unreadable(path, error, hint, form="an .npy file") from error


def wrong_shape(path: Path, name: str, dtype: np.dtype, shape: Sequence[int], hint: str) -> DataError:
    """Returns the error about an array of a file that is no cloud, and no array of clouds."""
    expected = f"{name!r} to be numbers of shape [points, 3] or [clouds, points, 3]"
    return mismatch(path, expected, f"{dtype} {list(shape)}", hint, argument=name, got=(dtype, shape))
