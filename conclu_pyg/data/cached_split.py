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
from conclu_pyg.data.write_array import write_split
from conclu_pyg.errors import ConcluWarning


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

    pos: np.ndarray
    y: np.ndarray
    names: list[str]
    notices: list[str]
    part: np.ndarray | None = None

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
    num_points: int,
    count: int | None = None,
    seed: int = 0,
    parts: bool = False,
    values: tuple[Any, ...] = (),
    cache_dir: str | Path | None = None,
) -> PointCloudSplit:
    """Returns a split from the cache; its clouds are read, cleaned and brought to one size the first time.

    A changed file (by name, size or time of last change) or option makes a new entry.

    Args:
        dataset: gives the name, the classes and the transform.
        split: the name of the split.
        clouds: a generator of the clouds; read only if the cache does not have them.
        files: the files that the clouds are read from.
        num_points: the largest number of points in a cloud.
        count: the number of clouds (default: one in each file).
        seed: the seed of the choice of points.
        parts: whether the clouds have part labels (default: no).
        values: everything else that the clouds depend on, such as further options.
        cache_dir: the folder of the cache (default: the user's cache folder, ``~/.cache/conclu_pyg`` on Linux).

    Raises:
        DataError: a cloud cannot be used, or the cache folder cannot be written or is full.
    """
    title, classes = f"{dataset.name} {split}", [name for _, name in sorted(dataset.label_to_names.items())]
    inputs = (type(dataset).__qualname__, classes, num_points, seed, parts, *values)
    key = CacheKey(title, inputs, files[0].parent if files else Path(), files)

    def build(folder: Path) -> None:
        write_split(
            folder,
            clouds,
            title=title,
            count=len(files) if count is None else count,
            num_points=num_points,
            seed=seed,
            parts=parts,
        )

    stored = get_or_build(key, build, partial(load_split, parts=parts), cache_dir)
    return stored.to_split(classes, dataset.transform)


def load_split(folder: Path, parts: bool = False) -> StoredSplit | None:
    """Opens the files of :func:`~conclu_pyg.data.write_array.write_split`; ``None`` if they are absent or damaged."""
    about = read_about(folder, "names", "notices")
    if about is None:
        return None
    try:
        pos = np.load(folder / "pos.npy", mmap_mode="r", allow_pickle=False)
        y = np.load(folder / "y.npy", allow_pickle=False)
        part = np.load(folder / "part.npy", mmap_mode="r", allow_pickle=False) if parts else None
    except (OSError, ValueError, EOFError):
        return None
    if pos.dtype != np.float32 or pos.ndim != 3 or not len(pos) == len(y) == len(about["names"]):
        return None
    if part is not None and (part.dtype != np.int64 or part.shape != pos.shape[:2]):
        return None
    return StoredSplit(pos, y, about["names"], about["notices"], part)
