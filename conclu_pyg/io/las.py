"""LAS and LAZ files of laser scanners, versions 1.0 to 1.4, by laspy and lazrs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from conclu_pyg.errors import DataError, one_line
from conclu_pyg.io.column_names import group_attributes
from conclu_pyg.io.file_cloud import FileCloud
from conclu_pyg.io.las_layout import HINT, Layout, las_error, read_layout
from conclu_pyg.io.laz_chunks import check_chunks

if TYPE_CHECKING:
    import laspy

BLOCK = 1 << 18  # points
# Not attributes of points: raw coordinates, positions in waveforms, and bytes that no record names.
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
    import laspy

    with path.open("rb") as file:
        layout = read_layout(file, path, max_points)
        if layout.compression is not None:
            check_chunks(file, path, layout)
    try:
        with laspy.open(path, laz_backend=laspy.LazBackend.Lazrs, read_evlrs=False) as reader:
            yield _read_points(reader, path, layout)
    except DataError:
        raise
    except BaseException as error:  # laspy raises errors of many kinds, and a panic of lazrs is no Exception
        if isinstance(error, Exception) or type(error).__name__ == "PanicException":
            raise las_error(path, one_line(error), HINT) from error
        raise


def _read_points(reader: laspy.LasReader, path: Path, layout: Layout) -> FileCloud:
    header = reader.header
    scales, offsets = np.asarray(header.scales), np.asarray(header.offsets)
    dtype = header.point_format.dtype()
    if dtype.itemsize != layout.record:
        reason = f"expected points of {layout.record} bytes, got attributes of {dtype.itemsize}"
        raise las_error(path, reason, HINT)
    if not (np.isfinite(scales) & (scales != 0) & np.isfinite(offsets)).all():
        raise las_error(path, f"got the scales {scales.tolist()} and offsets {offsets.tolist()}", HINT)
    points = np.empty((layout.count, 3))
    columns: dict[str, np.ndarray] = {}
    raw = None
    if layout.compression is None and layout.count:
        raw = np.memmap(path, dtype, "r", layout.start, (layout.count,))
    for start in range(0, layout.count, BLOCK):
        rows = slice(start, min(start + BLOCK, layout.count))
        record = _record(raw[rows], header) if raw is not None else reader.read_points(rows.stop - rows.start)
        if len(record) != rows.stop - rows.start:
            raise las_error(path, f"expected {layout.count:,} points, got {start + len(record):,}", HINT)
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
    classes = columns.pop("classification", None)
    x, labels = group_attributes(columns)
    if classes is not None:
        if labels is not None:
            x["label"] = labels
        labels = classes.astype(np.int64)
    return FileCloud(points, x=x, labels=labels, notes=_notes(header, points, scales))


def _record(raw: np.ndarray, header: laspy.LasHeader) -> laspy.ScaleAwarePointRecord:
    from laspy.point.record import ScaleAwarePointRecord

    return ScaleAwarePointRecord(np.array(raw), header.point_format, header.scales, header.offsets)


def _notes(header: laspy.LasHeader, points: np.ndarray, scales: np.ndarray) -> tuple[str, ...]:
    """Returns a note if the header has other bounds than the points."""
    if not len(points):
        return ()
    low, high = np.asarray(header.mins), np.asarray(header.maxs)
    margin = 2 * np.abs(scales)
    inside = (points.min(axis=0) >= low - margin) & (points.max(axis=0) <= high + margin)
    return () if inside.all() else ("some points are outside the bounds in the header",)
