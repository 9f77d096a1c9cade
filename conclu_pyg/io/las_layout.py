"""The header of LAS and LAZ files, checked against the size of the file.

laspy 2.7.0 reads only as many points as the header says where the file holds more, without an error.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from conclu_pyg.errors import DataError
from conclu_pyg.io.refusals import RESTORE, too_many, unreadable

REWRITE = "write the file again, for example with `pdal translate`, or leave it out"
RECORD_BYTES = (20, 28, 26, 34, 57, 63, 30, 36, 38, 59, 67)  # of a point, by the format of points
HEADER_BYTES = (227, 227, 227, 235, 375)  # by the minor version
# Signature, encoding, version, size of the header, start of the points, number of variable length records, format and
# length of a point, number of points in all and by return.
HEADER = struct.Struct("<4sHH16xBB68xHIIBHI5I")
HEADER_14 = struct.Struct("<QQIQ15Q")  # waveforms, extended records and their number, points
INTERNAL_WAVEFORMS = 2  # in the encoding


@dataclass(frozen=True)
class Layout:
    """The parts of a file.

    Args:
        count: the number of points.
        point_format: 0 to 10.
        record: bytes of a point.
        start: the position of the first point.
        end: the position behind the last one, or behind the table of compressed chunks.
        by_return: the number of points of all returns together, or 0 if the header does not count them.
        compression: the record that says how the points are compressed, or ``None``.
        extra_bytes: the record that describes further attributes of a point, perhaps empty.
        header: the header.
    """

    count: int
    point_format: int
    record: int
    start: int
    end: int
    by_return: int
    compression: bytes | None
    extra_bytes: bytes
    header: bytes


def read_layout(file: BinaryIO, path: Path, max_points: int) -> Layout:
    """Reads and checks the header and the positions of all records.

    Raises:
        DataError: the file is no LAS file of version 1.0 to 1.4, has fewer or more bytes than its header says, or more
            points than the maximum.
    """
    size = path.stat().st_size
    head = file.read(HEADER_BYTES[-1]).ljust(HEADER_BYTES[-1], b"\0")
    signature, _, encoding, major, minor, header, start, vlrs, kind, record, count, *returns = HEADER.unpack_from(head)
    if signature != b"LASF":
        raise las_error(path, f"expected LASF as the first four bytes, got {signature!r}")
    if major != 1 or minor >= len(HEADER_BYTES):
        raise las_error(path, f"expected version 1.0 to 1.4, got {major}.{minor}", REWRITE)
    point_format, compressed = kind & 0x3F, bool(kind & 0xC0)
    if point_format >= len(RECORD_BYTES):
        raise las_error(path, f"expected a format of points from 0 to 10, got {point_format}", REWRITE)
    if record < RECORD_BYTES[point_format]:
        raise las_error(path, f"expected points of at least {RECORD_BYTES[point_format]} bytes, got {record}")
    if not HEADER_BYTES[minor] <= header <= start <= size:
        raise las_error(path, f"got a header of {header:,} bytes and points at byte {start:,} of {size:,}")
    tail, tails = size, 0
    if minor >= 3:
        waveforms, extended, number, long_count, *long_returns = HEADER_14.unpack_from(head, 227)
        if minor == 3 and encoding & INTERNAL_WAVEFORMS and waveforms:
            tail, tails = waveforms, 1
        elif minor == 4:
            if count and count != long_count:
                raise las_error(path, f"its header promises {long_count:,} points and also {count:,}")
            count, returns = long_count, long_returns
            tail, tails = (extended, number) if number else (size, 0)
    if count > max_points:
        raise too_many(path, count, max_points)
    records = _walk(file, path, header, start, vlrs, extended=False)
    if not start <= tail <= size:
        raise las_error(path, f"expected further records at byte {tail:,}, got {size:,} bytes")
    _walk(file, path, tail, size, tails, extended=True)
    end = start + count * record
    if not compressed and not end <= tail < end + (record if tails else 1):
        found = (tail - start) // record
        raise las_error(path, f"expected {count:,} points in {end - start:,} bytes, got {found:,} in {tail - start:,}")
    compression = records.get((b"laszip encoded", 22204)) if compressed else None
    if compressed and compression is None:
        raise las_error(path, "expected a record on its compression by LASzip, got none")
    extra = records.get((b"LASF_Spec", 4), b"")
    return Layout(count, point_format, record, start, tail, sum(returns), compression, extra, head[:header])


def _walk(
    file: BinaryIO, path: Path, at: int, end: int, number: int, *, extended: bool
) -> dict[tuple[bytes, int], bytes]:
    """Returns the short records by the names of their users and their numbers; all must end before ``end``."""
    head = struct.Struct("<2x16sHQ32x" if extended else "<2x16sHH32x")
    records = {}
    for index in range(number):
        file.seek(at)
        user, key, length = head.unpack(file.read(head.size).ljust(head.size, b"\0"))
        if at + head.size + length > end:
            reason = f"expected {number:,} records of variable length, got {index:,} before byte {end:,}"
            raise las_error(path, reason)
        if not extended:
            records[user.rstrip(b"\0"), key] = file.read(length)
        at += head.size + length
    return records


def las_error(path: Path, reason: str, hint: str = RESTORE) -> DataError:
    return unreadable(path, reason, hint, form="a LAS file", got=reason)
