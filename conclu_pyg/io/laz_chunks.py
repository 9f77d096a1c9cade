"""The chunks of compressed points in LAZ files, checked before they are decompressed.

lazrs 0.8.2 allocates as many bytes as a chunk's layers claim, and decompresses further points than a chunk holds.
"""

from __future__ import annotations

import struct
from pathlib import Path
from typing import BinaryIO

from conclu_pyg.errors import one_line
from conclu_pyg.io.las_layout import REWRITE, Layout, las_error

LASZIP = struct.Struct("<HH8xI16xH")  # compressor, coder, points of a chunk, number of items
ITEM = struct.Struct("<HHH")  # type, bytes, version
CHUNKED, LAYERED = 2, 3
# Bytes of an item by its type; extra bytes, types 0 and 14, have any number.
ITEM_BYTES = {0: None, 6: 20, 7: 8, 8: 6, 9: 29, 10: 30, 11: 6, 12: 8, 13: 29, 14: None}
VARIABLE = 0xFFFFFFFF  # points of a chunk: the table of chunks says them
# Layers of an item of a layered chunk by its type: points, colours, colours with infrared, waveforms. Extra bytes, type
# 14, have one layer each.
LAYERS = {10: 9, 11: 1, 12: 2, 13: 1}
EXTRA_BYTES = 14


def check_chunks(file: BinaryIO, path: Path, layout: Layout) -> None:
    """Compares the table of chunks, and in formats 6 to 10 what each chunk claims, with the header and the file.

    Raises:
        DataError: they differ, or the compression is none of LASzip's with chunks.
    """
    import lazrs

    assert layout.compression is not None
    data = layout.compression
    if len(data) < LASZIP.size:
        raise las_error(path, "its record on the compression is too short")
    compressor, coder, chunk, number = LASZIP.unpack_from(data)
    if compressor not in (CHUNKED, LAYERED) or coder:
        raise las_error(path, f"expected points compressed in chunks, got the compressor {compressor}", REWRITE)
    if len(data) < LASZIP.size + number * ITEM.size:
        raise las_error(path, f"expected {number} items in its record on the compression, got fewer")
    items = [ITEM.unpack_from(data, LASZIP.size + index * ITEM.size) for index in range(number)]
    if any(ITEM_BYTES.get(kind, 0) not in (None, size) for kind, size, _ in items):
        raise las_error(path, f"got the compressed items {items}", REWRITE)
    record = sum(size for _, size, _ in items)
    if record != layout.record or not chunk:
        raise las_error(path, f"expected compressed points of {layout.record} bytes, got {record}")
    table = _find_table(file, path, layout)
    file.seek(table)
    _, chunks = struct.unpack("<II", file.read(8).ljust(8, b"\0"))
    room = table - layout.start - 8
    expected = -(-layout.count // chunk) if chunk != VARIABLE else chunks
    if chunks != expected or chunks * record > room:
        raise las_error(path, f"expected {expected:,} chunks for {layout.count:,} points, got {chunks:,}")
    file.seek(layout.start)
    try:
        sizes = lazrs.read_chunk_table(file, lazrs.LazVlr(data)) if chunks else []
    except lazrs.LazrsError as error:
        raise las_error(path, f"its table of chunks: {one_line(error)}") from error
    counts = [points for points, _ in sizes]
    if chunk != VARIABLE and chunks:
        counts = [*[chunk] * (chunks - 1), layout.count - chunk * (chunks - 1)]
    if sum(counts) != layout.count or sum(size for _, size in sizes) != room:
        raise las_error(path, f"expected {layout.count:,} points in chunks of {room:,} bytes, got others")
    if compressor == LAYERED:
        layers = sum(size if kind == EXTRA_BYTES else LAYERS.get(kind, 0) for kind, size, _ in items)
        _check_layers(file, path, layout, list(zip(counts, (size for _, size in sizes), strict=True)), layers)
    elif layout.by_return > layout.count:
        # Chunks of the older formats do not say how many points they have, and any number can be decompressed. Fewer
        # are compared with the points, as those of the return 0 or above 5 are not counted.
        raise las_error(
            path, f"its header promises {layout.count:,} points, and {layout.by_return:,} by their returns", REWRITE
        )


def _find_table(file: BinaryIO, path: Path, layout: Layout) -> int:
    """Returns the position of the table of chunks."""
    file.seek(layout.start)
    (table,) = struct.unpack("<q", file.read(8).ljust(8, b"\0"))
    if table == -1:  # written at the end by writers that cannot go back
        file.seek(-8, 2)
        (table,) = struct.unpack("<q", file.read(8))
    if not layout.start + 8 <= table <= layout.end - 8:
        raise las_error(path, f"expected a table of chunks before byte {layout.end:,}, got {table:,}")
    return int(table)


def _check_layers(file: BinaryIO, path: Path, layout: Layout, chunks: list[tuple[int, int]], layers: int) -> None:
    """Compares the number of points and the sizes of the layers of each chunk with its size.

    A chunk begins with its first point, the number of its points, and the size of each of its layers.
    """
    at, head = layout.start + 8, struct.Struct(f"<I{layers}I")
    for index, (count, size) in enumerate(chunks):
        file.seek(at + layout.record)
        found, *sizes = head.unpack(file.read(head.size).ljust(head.size, b"\0"))
        if size < layout.record + head.size or found != count or sum(sizes) != size - layout.record - head.size:
            raise las_error(path, f"expected {count:,} points in chunk {index}, got {found:,}")
        at += size
