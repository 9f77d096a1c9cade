"""LAS and LAZ files of laser scanners, versions 1.0 to 1.4, by laspy and lazrs."""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import numpy as np

from conclu_pyg.errors import DataError, one_line
from conclu_pyg.io.column_names import free_name, group_attributes
from conclu_pyg.io.file_cloud import FileCloud
from conclu_pyg.io.las_layout import REWRITE, Layout, las_error, read_layout
from conclu_pyg.io.laz_chunks import check_chunks
from conclu_pyg.io.refusals import decode, os_errors_refused

if TYPE_CHECKING:
    import laspy

BLOCK = 1 << 17  # points
FIRST_LAYERED = 6  # format of points
DIMENSION, NAME = 192, 32  # bytes that describe an extra dimension, and of its name
# Not attributes of points: raw coordinates, positions in waveforms, and bytes that no record names.
COLORS = ("red", "green", "blue")
SKIPPED = {
    "X", "Y", "Z", "wavepacket_index", "wavepacket_offset", "wavepacket_size", "return_point_wave_location", "x_t",
    "y_t", "z_t", "ExtraBytes",
}  # fmt: skip


def read(path: Path, max_points: int) -> Iterator[FileCloud]:
    """Yields the cloud of a file.

    The points are ``integer * scale + offset`` in double precision. Attributes that are 0 in all points are left out,
    as the format has no other way to say that there are none. Classes become the labels.

    Raises:
        DataError: the file cannot be read, or holds fewer or more points than its header says.
    """
    with os_errors_refused(path), path.open("rb") as file:
        layout = read_layout(file, path, max_points)
        if layout.compression is not None:
            check_chunks(file, path, layout)
        try:
            header, names = _header(layout)
            yield _read_points(file, path, layout, header, names)
        except DataError:
            raise
        except BaseException as error:  # laspy raises errors of many kinds, and a panic of lazrs is no Exception
            if isinstance(error, Exception) or type(error).__name__ == "PanicException":
                raise las_error(path, f"{one_line(error):.200}") from error
            raise


def _header(layout: Layout) -> tuple[laspy.LasHeader, dict[str, str]]:
    """Returns laspy's header, and the names in the file of the extra dimensions by those in the header.

    laspy 2.7.0 fails on names that are not UTF-8 or occur twice, and on other records that a cloud does not need.
    """
    import laspy

    extra = bytearray(layout.extra_bytes[: len(layout.extra_bytes) // DIMENSION * DIMENSION])
    names = {}
    for index, start in enumerate(range(4, len(extra), DIMENSION)):
        name = bytes(extra[start : start + NAME]).partition(b"\0")[0]
        key = f"extra_{index}"
        names[key] = decode(name) or key
        extra[start : start + NAME] = key.encode().ljust(NAME, b"\0")
    head = bytearray(layout.header)
    record = struct.pack("<2x16sHH32x", b"LASF_Spec", 4, len(extra)) + extra if extra else b""
    struct.pack_into("<IIB", head, 96, len(head) + len(record), 1 if extra else 0, layout.point_format)
    return laspy.LasHeader.read_from(io.BytesIO(head + record), read_evlrs=False), names


def _read_points(
    file: BinaryIO, path: Path, layout: Layout, header: laspy.LasHeader, names: Mapping[str, str]
) -> FileCloud:
    scales, offsets = np.asarray(header.scales), np.asarray(header.offsets)
    size = header.point_format.dtype().itemsize
    if size != layout.record:
        raise las_error(path, f"expected points of {layout.record} bytes, got attributes of {size}")
    if not (np.isfinite(scales) & (scales != 0) & np.isfinite(offsets)).all():
        raise las_error(path, f"got the scales {scales.tolist()} and offsets {offsets.tolist()}")
    points = np.empty((layout.count, 3))
    columns: dict[str, np.ndarray] = {}
    start, by_return, last_return = 0, 0, 5 if header.version.minor < 4 else 15  # the last one that headers count
    for record in _records(file, layout, header):
        rows = slice(start, start + len(record))
        returns = np.asarray(record["return_number"])
        by_return += int(np.count_nonzero((returns > 0) & (returns <= last_return)))
        for axis, name in enumerate("XYZ"):
            points[rows, axis] = record[name] * scales[axis] + offsets[axis]
        for name in header.point_format.dimension_names:
            if name in SKIPPED:
                continue
            values = np.asarray(record[name])
            if name not in columns and values.any():  # the points before have zeros
                columns[name] = np.zeros((layout.count, *values.shape[1:]), values.dtype)
            if name in columns:
                columns[name][rows] = values
        start = rows.stop
    if start != layout.count:
        raise las_error(path, f"expected {layout.count:,} points, got {start:,}")
    is_layered = layout.point_format >= FIRST_LAYERED  # such chunks say how many points they have
    if layout.compression is not None and not is_layered and layout.by_return not in (0, layout.count, by_return):
        reason = f"its header promises {layout.by_return:,} points by their returns, got {by_return:,}"
        raise las_error(path, reason, REWRITE)
    for name in COLORS if any(name in columns for name in COLORS) else ():  # a channel of zeros is one of the colours
        columns.setdefault(name, np.zeros(layout.count, np.uint16))
    classes = columns.pop("classification", None)
    named: dict[str, np.ndarray] = {}
    for name, values in columns.items():
        named[free_name(names.get(name, name), named)] = values
    x, labels = group_attributes(named)
    if classes is not None:
        if labels is not None:
            x["label"] = labels
        labels = classes.astype(np.int64)
    return FileCloud(points, x=x, labels=labels, notes=_notes(header, points, scales))


def _records(file: BinaryIO, layout: Layout, header: laspy.LasHeader) -> Iterator[laspy.ScaleAwarePointRecord]:
    """Yields the points in blocks."""
    import lazrs
    from laspy.point.record import ScaleAwarePointRecord

    file.seek(layout.start)
    reader = None if layout.compression is None else lazrs.LasZipDecompressor(file, layout.compression)
    for start in range(0, layout.count, BLOCK):
        size = min(BLOCK, layout.count - start) * layout.record
        if reader is None:
            raw = np.frombuffer(file.read(size), np.uint8)
        else:
            raw = np.empty(size, np.uint8)
            reader.decompress_many(raw)
        record = raw.view(header.point_format.dtype())
        yield ScaleAwarePointRecord(record, header.point_format, header.scales, header.offsets)


def _notes(header: laspy.LasHeader, points: np.ndarray, scales: np.ndarray) -> tuple[str, ...]:
    """Returns a note if the header has other bounds than the points."""
    if not len(points):
        return ()
    low, high = np.asarray(header.mins), np.asarray(header.maxs)
    margin = 2 * np.abs(scales)
    inside = (points.min(axis=0) >= low - margin) & (points.max(axis=0) <= high + margin)
    return () if inside.all() else ("some points are outside the bounds in the header",)
