"""Point Cloud Data (PCD) files: ascii, binary and compressed.

pypcd4 1.5.1 returns the points that there are where a file has fewer or more than its header says, and refuses headers
without ``COUNT``; Open3D 0.20 reads binary fields of 8 bytes as 0.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

import numpy as np

from conclu_pyg.errors import DataError
from conclu_pyg.io.column_names import group_attributes
from conclu_pyg.io.file_cloud import FileCloud, stack_columns
from conclu_pyg.io.number_table import TableError, TooManyRows, read_table
from conclu_pyg.io.pcd_header import PADDING, PcdHeader, read_header
from conclu_pyg.io.refusals import mismatch, os_errors_refused, refused
from conclu_pyg.text import pluralize

BLOCK = 1 << 18  # points that are read at once
MAX_RATIO = 100  # of LZF, whose shortest reference has 3 bytes and stands for at most 264
PACKED = ("rgb", "rgba")  # colours in the bytes of a field of 4 bytes: blue, green, red, alpha
EXACT = 2.0**53  # a double holds the whole numbers below it
POSE = "the viewpoint of the sensor was not applied to the points, which PCD files hold in their own coordinates"


def read(path: Path, max_points: int) -> Iterator[FileCloud]:
    """Yields the cloud of a file.

    ``rgb`` and ``rgba`` become ``colors``, ``normal_x`` to ``normal_z`` ``normals``, and a field of integers named
    ``label`` the labels; other fields keep their names, with ``[n, k]`` for a ``COUNT`` of ``k``. The order of an
    organised cloud is that of the file, row by row.

    Raises:
        DataError: the header is wrong, or the file has fewer or more points than it says.
    """
    with os_errors_refused(path), path.open("rb") as file:
        header = read_header(file, path, max_points)
        fields = _READERS[header.encoding](file, header, path)
    rounded = [
        f"whole numbers of {name[:40]!r} above 2^53 were rounded to doubles"
        for name, kind in zip(header.names, header.kinds, strict=True)
        if kind[1] in "iu" and name in fields and name not in "xyz" and fields[name].dtype == np.float64
    ]
    points = stack_columns([fields.pop(axis) for axis in "xyz"])
    colors = _unpack_colors(fields)
    x, labels = group_attributes(fields)
    if colors is not None:
        x["colors"] = colors
    names = [name for name in header.names if name != PADDING]
    repeated = sorted({name for name in names if names.count(name) > 1}) if len(names) > len(set(names)) else []
    notes = [*rounded]
    notes += [f"of the fields {name[:40]!r} only the first was read" for name in repeated]
    yield FileCloud(points, x=x, labels=labels, notes=(*notes, *((POSE,) if header.has_pose else ())))


def _used_fields(header: PcdHeader) -> list[int]:
    """Returns the indices of the fields to read: not padding, and the first one of a name."""
    return sorted({name: i for i, name in reversed([*enumerate(header.names)]) if name != PADDING}.values())


def _read_ascii(file: BinaryIO, header: PcdHeader, path: Path) -> dict[str, np.ndarray]:
    fields = _used_fields(header)
    columns = header.columns
    places = [columns[i] + k for i in fields for k in range(header.counts[i])]
    try:
        table = read_table(file, places, max_rows=header.points, first_line=header.line, width=sum(header.counts))
    except TooManyRows as error:
        raise _wrong_size(path, header, "more") from error
    except TableError as error:
        raise refused(path, f"expected {sum(header.counts)} numbers on each line ({error})") from error
    if len(table) != header.points:
        raise _wrong_size(path, header, f"{len(table):,}")
    values, start = {}, 0
    for i in fields:
        block = table[:, start : start + header.counts[i]]
        start += header.counts[i]
        values[header.names[i]] = _flat(block if header.names[i] in "xyz" else _typed(block, header, i, path))
    return values


def _read_binary(file: BinaryIO, header: PcdHeader, path: Path) -> dict[str, np.ndarray]:
    # Names of fields may repeat, so the fields of the record have their numbers as names.
    record = np.dtype([(str(i), kind, count) for i, (kind, count) in enumerate(_types(header))])
    size = path.stat().st_size - header.start
    if size != header.points * record.itemsize:
        raise _wrong_bytes(path, header, header.points * record.itemsize, size)
    types = _types(header)
    values = {i: np.empty((header.points, types[i][1]), types[i][0]) for i in _used_fields(header)}
    for start in range(0, header.points, BLOCK):
        rows = np.fromfile(file, record, min(BLOCK, header.points - start))
        for i, array in values.items():
            array[start : start + len(rows)] = rows[str(i)]
    return {header.names[i]: _flat(array) for i, array in values.items()}


def _read_compressed(file: BinaryIO, header: PcdHeader, path: Path) -> dict[str, np.ndarray]:
    import lzf

    whole = header.points * sum(np.dtype(kind).itemsize * count for kind, count in _types(header))
    sizes = np.fromfile(file, "<u4", 2)
    left = path.stat().st_size - header.start - 8
    if len(sizes) < 2 or sizes[0] != left:
        raise _wrong_bytes(path, header, int(sizes[0]) if len(sizes) else 8, max(0, left))
    if sizes[1] != whole or whole > MAX_RATIO * left:
        expected = f"{whole:,} bytes for {pluralize(header.points, 'point')}"
        raise mismatch(path, expected, f"{int(sizes[1]):,}, compressed to {left:,}", got=int(sizes[1]))
    try:
        data = lzf.decompress(file.read(left), whole)
    except ValueError as error:
        raise refused(path, f"its compressed points cannot be decompressed ({error})") from error
    if data is None or len(data) != whole:
        raise _wrong_bytes(path, header, whole, 0 if data is None else len(data))
    values, start, used = {}, 0, set(_used_fields(header))
    for i, (kind, count) in enumerate(_types(header)):  # all values of a field, then those of the next
        if i in used:
            block = np.frombuffer(data, kind, header.points * count, start).reshape(header.points, count)
            values[header.names[i]] = _flat(block)
        start += header.points * count * np.dtype(kind).itemsize
    return values


_READERS = {"ascii": _read_ascii, "binary": _read_binary, "binary_compressed": _read_compressed}


def _types(header: PcdHeader) -> list[tuple[str, int]]:
    """Returns the number type and the number of values of each field."""
    return list(zip(header.kinds, header.counts, strict=True))


def _typed(values: np.ndarray, header: PcdHeader, field: int, path: Path) -> np.ndarray:
    """Returns an attribute that was read from text in its own number type.

    Whole numbers from 2^53 on stay doubles, which have rounded them.

    Raises:
        DataError: an integer is none, or out of the range of its type.
    """
    dtype = np.dtype(header.kinds[field])
    if dtype.kind == "f":
        return values.astype(dtype)
    limits = np.iinfo(dtype)
    is_kept = (values >= float(limits.min)) & (values <= float(limits.max)) & (np.trunc(values) == values)
    if not is_kept.all():
        name, wrong = header.names[field], values[~is_kept][0].item()
        expected = f"whole numbers from {limits.min} to {limits.max} for the field {name[:40]!r}"
        raise mismatch(path, expected, f"{wrong:g}", argument=name, got=wrong)
    return values if (np.abs(values) >= EXACT).any() else values.astype(dtype)


def _flat(values: np.ndarray) -> np.ndarray:
    return values[:, 0] if values.shape[1] == 1 else values


def _unpack_colors(fields: dict[str, np.ndarray]) -> np.ndarray | None:
    """Removes a field of packed colours and returns these, uint8 ``[n, 3]`` or, of ``rgba``, ``[n, 4]``."""
    name = next((name for key in PACKED for name in (key, key.upper()) if name in fields), "")
    if not name or fields[name].ndim > 1 or _is_unpacked(fields[name]):
        return None
    values = fields.pop(name)
    integers = values.view(np.uint32) if values.dtype == np.float32 else values.astype(np.int64).astype(np.uint32)
    shifts: Sequence[int] = (16, 8, 0, 24) if name.lower() == "rgba" else (16, 8, 0)
    return np.stack([(integers >> shift).astype(np.uint8) for shift in shifts], axis=1)


def _is_unpacked(values: np.ndarray) -> bool:
    """Returns whether a field has another type than those of packed colours, or no bytes of colours, as NaN in text."""
    return values.dtype.itemsize != 4


def _wrong_size(path: Path, header: PcdHeader, got: str) -> DataError:
    expected = f"{pluralize(header.points, 'point')}, as its header says"
    return mismatch(path, expected, got, expected=f"{header.points} points")


def _wrong_bytes(path: Path, header: PcdHeader, expected: int, got: int) -> DataError:
    text = f"{expected:,} bytes of data for {pluralize(header.points, 'point')}"
    return mismatch(path, text, got, expected=f"{expected} bytes")
