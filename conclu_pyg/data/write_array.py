"""Splits as arrays on the disk: clouds of any size, cleaned, brought to one size and written one after the other."""

from __future__ import annotations

import os
import shutil
import zlib
from collections import defaultdict
from collections.abc import Generator, Iterable, Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

import numpy as np

from conclu_pyg.data.cache import write_about
from conclu_pyg.data.clean import CleanedCloud, RawCloud, clean_points
from conclu_pyg.data.mapped_rows import row_checksum
from conclu_pyg.data.names import join_names
from conclu_pyg.data.read_report import ReadReport
from conclu_pyg.data.resize import FILLED_UP, resize_rows, shape_rng
from conclu_pyg.errors import DataError
from conclu_pyg.files import durable_write
from conclu_pyg.progress import track

HEADER_BYTES = 128  # of an .npy file, whose header is padded to a multiple of 64 bytes
MAX_NAMED = 3  # clouds that a notice names


def write_split(
    folder: Path,
    clouds: Iterable[RawCloud],
    *,
    title: str,
    count: int | None,
    num_points: int,
    seed: int,
    parts: bool = False,
    report: ReadReport | None = None,
) -> None:
    """Cleans all clouds, brings them to one size and writes them as arrays, with checksums.

    The files are ``pos.npy``, ``part.npy``, the labels ``y.npy``, the names ``names.npy`` and ``name_ends.npy``, a
    checksum for each cloud in ``pos_checksums.npy`` and ``part_checksums.npy``, and ``about.json`` with the checksums
    of those small files. ``skipped.csv`` lists what was left out, if anything was.

    The size is ``num_points``, or that of the largest cloud if none has as many points. Where points are removed,
    chosen or repeated, so are their part labels.

    Args:
        folder: an empty folder.
        clouds: the clouds, read one at a time.
        title: the name of the split in messages and next to the progress bar.
        count: the number of clouds; ``None`` if it is unknown until all are read. ``clouds`` then shows its progress
            itself.
        num_points: the largest number of points in a cloud.
        seed: the seed of the choice of points.
        parts: whether to write the part of each point (default: the clouds have no parts).
        report: what ``clouds`` leaves out, which is written to ``skipped.csv`` (default: it leaves out none).

    Raises:
        DataError: a cloud cannot be used or lacks its parts, there is none or their number is not ``count``, or the
            disk is too small.
    """
    if count == 0:
        raise _no_clouds(title)
    labels: list[int] = []
    names: list[str] = []
    sources: list[str] = []
    repaired: dict[str, list[str]] = defaultdict(list)
    sizes: list[int] = []  # the points of each cloud before it is filled up
    width = 0
    with ExitStack() as stack:
        if isinstance(clouds, Generator):
            stack.enter_context(closing(clouds))  # which may hold processes and files, also after an error
        columns = [_Column("pos", stack.enter_context(durable_write(folder / "pos.npy")), "<f4", (3,))]
        if parts:
            columns.append(_Column("part", stack.enter_context(durable_write(folder / "part.npy")), "<i8", ()))
        for raw in clouds if count is None else track(clouds, f"Preparing {title}", count):
            if raw.label < 0:
                raise DataError(
                    f"{raw.source}: the label of a class must be >= 0, got {raw.label}.",
                    file=raw.source,
                    argument="label",
                    got=raw.label,
                )
            cleaned = clean_points(raw.points, raw.source) if not raw.cleaned else _as_cleaned(raw)
            size = min(num_points, len(cleaned.points))
            rows, _ = resize_rows(len(cleaned.points), size, shape_rng(seed, raw.name))
            width = max(width, min(num_points, len(raw.points)))
            if not sizes and count is not None:
                _check_room(folder, count * width * sum(column.row_bytes for column in columns))
            columns[0].append(cleaned.points[rows])
            if parts:
                columns[1].append(_checked_part(raw)[cleaned.rows][rows])
            labels.append(raw.label)
            names.append(raw.name)
            sources.append(raw.source)
            sizes.append(size)
            for repair in dict.fromkeys([*raw.repairs, *cleaned.repairs]):
                repaired[repair].append(raw.source)
        if not labels:
            raise _no_clouds(title)
        if count is not None and len(labels) != count:
            raise DataError(
                f"{title}: expected {count:,} clouds, got {len(labels):,}; the files were changed while they were "
                f"read, start again.",
                got=len(labels),
            )
        missing = sum(width - size for size in sizes)
        _check_room(folder, missing * sum(column.row_bytes for column in columns))
        for column in columns:
            column.fill_up(sizes, width, names, seed)
    filled_up = [source for source, size in zip(sources, sizes, strict=True) if size < width]
    if filled_up:
        repaired[FILLED_UP] = filled_up
    notices = format_repairs(title, repaired, len(labels))
    if width < num_points:
        notices.append(
            f"{title}: dataset.num_points is {num_points:,}, but no cloud has more than {width:,} points; all "
            f"{width:,} are used."
        )
    text, ends = join_names(names)
    arrays = {"y": np.array(labels, dtype=np.int64), "names": text, "name_ends": ends}
    arrays |= {f"{column.name}_checksums": np.array(column.checksums, np.uint32) for column in columns}
    checksums = {name: _write_array(folder, name, array) for name, array in arrays.items()}
    about = {"title": title, "notices": notices, "checksums": checksums}
    if report is not None:
        notices += report.notices
        if report.skips:
            report.write(folder)
            about["skipped"] = report.summary(title)
    write_about(folder, about)


def _no_clouds(title: str) -> DataError:
    return DataError(f"{title} has no clouds; see the folder of the data set.", got=0)


def read_array(folder: Path, name: str, checksum: int) -> np.ndarray:
    """Reads a small array of :func:`write_split`.

    Raises:
        OSError, ValueError: the file cannot be read or was changed.
    """
    content = (folder / f"{name}.npy").read_bytes()
    if zlib.crc32(content) != checksum:
        raise ValueError(f"{folder / name}.npy was changed since it was written.")
    array: np.ndarray = np.load(BytesIO(content), allow_pickle=False)
    return array


def _write_array(folder: Path, name: str, array: np.ndarray) -> int:
    """Writes an array and returns the checksum of the file."""
    content = BytesIO()
    np.save(content, array, allow_pickle=False)
    with durable_write(folder / f"{name}.npy") as file:
        file.write(content.getbuffer())
    return zlib.crc32(content.getbuffer())


@dataclass
class _Column:
    """An ``.npy`` file with values for each point: first the clouds one after the other, then all of one size.

    Plain writes fail with an error on a full disk; a memory map would crash the process.
    """

    name: str
    file: BinaryIO
    dtype: str
    shape: tuple[int, ...]  # of the values of one point
    checksums: list[int] = field(default_factory=list)  # of the clouds as they are written

    def __post_init__(self) -> None:
        self.file.seek(HEADER_BYTES)

    @property
    def row_bytes(self) -> int:
        return int(np.dtype(self.dtype).itemsize * np.prod(self.shape, dtype=int))

    def append(self, values: np.ndarray) -> None:
        self.checksums.append(self._write(values))

    def _write(self, values: np.ndarray) -> int:
        """Writes a cloud and returns its checksum."""
        values = np.ascontiguousarray(values, dtype=self.dtype)
        self.file.write(values.tobytes())
        return row_checksum(values)

    def fill_up(self, sizes: Sequence[int], width: int, names: Sequence[str], seed: int) -> None:
        """Repeats points of the clouds with fewer than ``width``, and writes the header.

        Works in place from the last cloud to the first, as each moves towards the end of the file.
        """
        starts = np.cumsum([0, *sizes])
        for index in reversed(range(len(sizes))):
            if starts[index + 1] == (index + 1) * width:
                break  # this cloud and all before it are complete
            self.file.seek(HEADER_BYTES + int(starts[index]) * self.row_bytes)
            values = np.frombuffer(self.file.read(sizes[index] * self.row_bytes), self.dtype).reshape(-1, *self.shape)
            rows, _ = resize_rows(sizes[index], width, shape_rng(seed, names[index]))
            self.file.seek(HEADER_BYTES + index * width * self.row_bytes)
            self.checksums[index] = self._write(values[rows])
        self.file.seek(0)
        header = {"descr": self.dtype, "fortran_order": False, "shape": (len(sizes), width, *self.shape)}
        np.lib.format.write_array_header_1_0(self.file, header)
        assert self.file.tell() == HEADER_BYTES
        self.file.seek(0, os.SEEK_END)


def _as_cleaned(raw: RawCloud) -> CleanedCloud:
    return CleanedCloud(raw.points, slice(None), [], None)


def _checked_part(cloud: RawCloud) -> np.ndarray:
    part = cloud.part
    if part is None or part.shape != (len(cloud.points),) or part.dtype.kind not in "iu":
        found = "no" if part is None else f"{part.size:,}"
        raise DataError(
            f"{cloud.source}: expected an integer part label for each of the {len(cloud.points):,} points, got {found} "
            f"labels{'' if part is None else f' of {part.dtype}'}; restore the file or remove it from the data set.",
            file=cloud.source,
            argument="part",
            got=found,
        )
    return part


def _check_room(folder: Path, need: int) -> None:
    free = shutil.disk_usage(folder).free
    if need > free:
        raise DataError(
            f"the cache needs {need / 1e6:,.0f} MB in {folder.parent}, where {free / 1e6:,.0f} MB are free; free some "
            f"space or set another folder by dataset.cache_dir=…",
            file=folder.parent,
        )


def format_repairs(title: str, repaired: Mapping[str, Sequence[str]], count: int) -> list[str]:
    """Returns a sentence for each repair, with the number of clouds and the names of the first few.

    Args:
        title: the name of the split.
        repaired: the names of the clouds with each repair.
        count: the number of all clouds.
    """
    notices = []
    for repair, sources in repaired.items():
        named = "; ".join(sources[:MAX_NAMED]) + (", …" if len(sources) > MAX_NAMED else "")
        notices.append(f"{title}: {len(sources):,} of {count:,} clouds: {repair} ({named}).")
    return notices
