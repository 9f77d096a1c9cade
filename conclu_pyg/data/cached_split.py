"""Splits in the cache: arrays that are written once and memory-mapped from then on."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from torch_geometric.transforms import Compose

from conclu_pyg.data.base import PointCloudDataset, PointCloudSplit
from conclu_pyg.data.cache import CacheKey, get_or_build, read_about
from conclu_pyg.data.clean import RawCloud
from conclu_pyg.data.lazy_rows import Rows
from conclu_pyg.data.mapped_rows import MappedRows
from conclu_pyg.data.names import Names
from conclu_pyg.data.read_report import SKIPPED, ReadReport
from conclu_pyg.data.write_array import read_array, write_split
from conclu_pyg.errors import ConcluWarning, DataError


@dataclass(frozen=True)
class StoredSplit:
    """The arrays of a split in the cache.

    Args:
        pos: coordinates, memory-mapped and read-only.
        y: the class of each cloud.
        names: the name of each cloud.
        notices: the repairs that were made when the arrays were written, a sentence each.
        part: the part of each point, memory-mapped and read-only, or ``None``.

    Shapes:
        - **pos:** float32 ``[n, N, 3]``, **y:** int64 ``[n]``, **part:** int64 ``[n, N]``
    """

    pos: Rows
    y: np.ndarray
    names: Names
    notices: list[str]
    part: Rows | None = None

    def to_split(self, classes: Sequence[str], transform: Compose | None = None) -> PointCloudSplit:
        """Returns the arrays as a split, and warns of the repairs that were made."""
        for notice in self.notices:
            warnings.warn(notice, ConcluWarning, stacklevel=2)
        return PointCloudSplit(self.pos, self.y, self.names, classes, part=self.part, transform=transform)


def cached(
    dataset: PointCloudDataset,
    split: str,
    clouds: Iterable[RawCloud],
    files: Sequence[Path],
    *,
    folder: Path | None = None,
    num_points: int,
    count: int | None = None,
    seed: int = 0,
    parts: bool = False,
    values: tuple[Any, ...] = (),
    cache_dir: str | Path | None = None,
    report: ReadReport | None = None,
) -> PointCloudSplit:
    """Returns a split from the cache; its clouds are read, cleaned and brought to one size the first time.

    A changed file (by name, size, time of last change or a sample of the content) or option makes a new entry.

    Args:
        dataset: gives the name, the classes and the transform.
        split: the name of the split.
        clouds: a generator of the clouds; read only if the cache does not have them.
        files: the files that the clouds are read from.
        folder: the folder of the data set. Links to it are followed, so each spelling of it gives the same entry
            (default: the folder of the first file).
        num_points: the largest number of points in a cloud.
        count: the number of clouds (default: one in each file, or unknown if there is a ``report``).
        seed: the seed of the choice of points.
        parts: whether the clouds have part labels (default: no).
        values: everything else that the clouds depend on, such as further options.
        cache_dir: the folder of the cache (default: the user's cache folder, ``~/.cache/conclu_pyg`` on Linux).
        report: what ``clouds`` leaves out, filled while it is read (default: it leaves out none). The list is kept with
            the entry, and a warning says where.

    Raises:
        DataError: a cloud cannot be used, or the cache folder cannot be written or is full.
    """
    title, classes = f"{dataset.name} {split}", [name for _, name in sorted(dataset.label_to_names.items())]
    inputs = (type(dataset).__qualname__, classes, num_points, seed, parts, *values)
    key = CacheKey(title, inputs, folder or (files[0].parent if files else Path()), files)

    def build(entry: Path) -> None:
        write_split(
            entry,
            clouds,
            title=title,
            count=len(files) if count is None and report is None else count,
            num_points=num_points,
            seed=seed,
            parts=parts,
            report=report,
        )

    stored = get_or_build(key, build, partial(load_split, parts=parts), cache_dir)
    return stored.to_split(classes, dataset.transform)


def load_split(folder: Path, parts: bool = False) -> StoredSplit | None:
    """Opens the files of :func:`~conclu_pyg.data.write_array.write_split`; ``None`` if they are absent or damaged.

    The small files are checked completely. Of the clouds a sample is, and each other one when it is read.
    """
    about = read_about(folder, "notices", "checksums")
    if about is None:
        return None
    try:
        small = {name: read_array(folder, name, checksum) for name, checksum in about["checksums"].items()}
        names = Names.joined(small["names"], small["name_ends"])
        pos = MappedRows(folder / "pos.npy", small["pos_checksums"], names)
        part = MappedRows(folder / "part.npy", small["part_checksums"], names) if parts else None
    except (OSError, ValueError, EOFError, KeyError, DataError):
        return None
    if pos.dtype != np.float32 or pos.ndim != 3:
        return None
    if part is not None and (part.dtype != np.int64 or part.shape != pos.shape[:2]):
        return None
    notices = list(about["notices"])
    if about.get("skipped"):
        notices.append(f"{about['skipped']}; the list is in {folder / SKIPPED}.")
    return StoredSplit(pos, small["y"], names, notices, part)
