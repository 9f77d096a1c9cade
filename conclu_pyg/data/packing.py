"""Clouds of any sizes, one after the other, into one array in a file, all of the same size."""

from __future__ import annotations

import os
import shutil
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import BinaryIO

import numpy as np

from conclu_pyg.data.clean import mend_rows, resized_rows
from conclu_pyg.data.seeds import shape_rng
from conclu_pyg.datasets.layouts.base import RawCloud
from conclu_pyg.errors import DataError
from conclu_pyg.progress import progress_bar

NAMED = 3  # how many clouds a notice names


@dataclass
class Packed:
    """What was written, beside the array: label and name of each cloud, and what the user should know."""

    labels: list[int] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)


def pack(
    clouds: Callable[[], Iterator[RawCloud]],
    count: int,
    num_points: int,
    seed: int,
    title: str,
    file: BinaryIO,
    part_file: BinaryIO | None = None,
) -> Packed:
    """Mends all clouds, brings them to one size, and writes them as an ``.npy`` file, with a progress bar.

    That size is ``num_points``, or that of the largest cloud where none has so many. The parts of the points go to a
    file of their own; what is left out, chosen or repeated of the points is so of their parts.

    Args:
        clouds: gives the clouds; called again when a cloud is larger than those before it.
        count: how many clouds there are.
        num_points: how many points a cloud has at most.
        seed: the seed of the choice of points.
        title: what the clouds are called beside the progress bar and in messages.
        file: an empty file, which gets float32 ``[count, N, 3]``.
        part_file: another, which gets int64 ``[count, N]`` (default: the clouds have no parts, or none are wanted).

    Raises:
        DataError: a cloud cannot be used or lacks its parts, or there is no room for the array.
    """
    width = 0
    while True:
        try:
            return _write(clouds(), count, num_points, width, seed, title, file, part_file)
        except _Larger as larger:
            (width,) = larger.args
            for written in (file, part_file) if part_file else (file,):
                written.seek(0)
                written.truncate()


class _Larger(Exception):
    """A cloud has more points than the array was laid out for."""


def _write(
    clouds: Iterator[RawCloud],
    count: int,
    num_points: int,
    width: int,
    seed: int,
    title: str,
    file: BinaryIO,
    part_file: BinaryIO | None,
) -> Packed:
    """Writes the arrays, by plain writes: those fail with an error on a full disk, where a memory map would crash."""
    packed = Packed()
    repaired: dict[str, list[str]] = defaultdict(list)
    with progress_bar(f"Preparing {title}", count) as progress:
        for cloud in clouds:
            wanted = min(num_points, len(cloud.points))
            if wanted > width:
                if packed.labels:
                    raise _Larger(wanted)
                width = wanted
            points, kept, repairs, _ = mend_rows(cloud.points, cloud.source)
            rows, filled = resized_rows(len(points), width, shape_rng(seed, cloud.name))
            if not packed.labels:
                _start(file, part_file, count, width)
            file.write(points[rows].tobytes())
            if part_file is not None:
                part_file.write(_parts(cloud)[kept][rows].tobytes())
            packed.labels.append(cloud.label)
            packed.names.append(cloud.name)
            for repair in dict.fromkeys([*cloud.repairs, *repairs, *filled]):
                repaired[repair].append(cloud.source)
            progress.update()
    if len(packed.labels) != count:
        raise DataError(
            f"{title}: {count:,} clouds were announced and {len(packed.labels):,} read; the files were changed "
            f"meanwhile, start again."
        )
    packed.notices = [_notice(title, repair, sources, count) for repair, sources in repaired.items()]
    if width < num_points:
        packed.notices.append(
            f"{title}: dataset.num_points is {num_points:,}, but no cloud has more than {width:,} points; "
            f"all {width:,} are used."
        )
    return packed


def _parts(cloud: RawCloud) -> np.ndarray:
    """The part of each point, as it is written; refused where there is not one for each."""
    part = cloud.part
    if part is None or part.shape != (len(cloud.points),) or part.dtype.kind not in "iu":
        found = "no" if part is None else f"{part.size:,}"
        raise DataError(
            f"{cloud.source} has {len(cloud.points):,} points and {found} part labels, where an integer for each point "
            f"is expected; restore the file or remove it from the data set."
        )
    return part.astype("<i8")


def _start(file: BinaryIO, part_file: BinaryIO | None, count: int, width: int) -> None:
    """Writes the arrays' headers, where the disk has room for what is to follow."""
    need = count * width * (3 * 4 + (8 if part_file else 0))
    free = shutil.disk_usage(os.path.dirname(file.name)).free
    if need > free:
        raise DataError(
            f"the cache needs {need / 1e6:,.0f} MB in {os.path.dirname(os.path.dirname(file.name))}, where "
            f"{free / 1e6:,.0f} MB are free; make room there or name another folder by dataset.cache_dir=…"
        )
    _write_header(file, "<f4", (count, width, 3))
    if part_file is not None:
        _write_header(part_file, "<i8", (count, width))


def _write_header(file: BinaryIO, kind: str, shape: tuple[int, ...]) -> None:
    np.lib.format.write_array_header_1_0(file, {"descr": kind, "fortran_order": False, "shape": shape})


def _notice(title: str, repair: str, sources: list[str], count: int) -> str:
    more = ", …" if len(sources) > NAMED else ""
    return f"{title}: {len(sources):,} of {count:,} clouds: {repair} ({'; '.join(sources[:NAMED])}{more})."
