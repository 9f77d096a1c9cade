"""One split of a data set as one float32 array in a file, built once and memory-mapped from then on.

An entry of the cache (:mod:`conclu_pyg.data.cache_store`) is a folder ``<data set>-<split>-<key>`` with ``pos.npy``,
``y.npy``, ``about.json`` and, where the points have parts, ``part.npy``.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from conclu_pyg.data.cache_store import cached_entry, entry_key, write_about, written
from conclu_pyg.data.packing import pack
from conclu_pyg.datasets.layouts.base import RawCloud
from conclu_pyg.errors import DataError


@dataclass(frozen=True)
class CachedSplit:
    """What an entry holds.

    Args:
        pos: coordinates, memory-mapped and read-only.
        y: the class of each cloud.
        names: what each cloud is called.
        notices: what was mended when the entry was built, a sentence each.
        part: the part of each point, memory-mapped and read-only, or none.

    Shapes:
        - **pos:** float32 ``[n, N, 3]``, **y:** int64 ``[n]``, **part:** int64 ``[n, N]``
    """

    pos: np.ndarray
    y: np.ndarray
    names: list[str]
    notices: list[str]
    part: np.ndarray | None = None


@dataclass(frozen=True)
class Recipe:
    """How an entry is made.

    Args:
        title: what the split is called, in the entry's name and beside the progress bar.
        identity: all that the entry depends on but the files.
        folder: the data set's folder. However it is typed or linked to, it is the same one.
        files: the files in it that the entry depends on, by name, size and time of last change.
        num_points: how many points a cloud has at most.
        seed: the seed of the choice of points.
        count: how many clouds there are; called when the entry is built.
        clouds: the clouds; called when the entry is built, and again when a cloud is larger than those before it.
        parts: whether the parts of the clouds' points are kept (default: they have none).
    """

    title: str
    identity: tuple[str, ...]
    folder: Path
    files: Sequence[Path]
    num_points: int
    seed: int
    count: Callable[[], int]
    clouds: Callable[[], Iterator[RawCloud]]
    parts: bool = False

    def key(self) -> str:
        """A hash of everything that the entry depends on."""
        return entry_key((self.identity, self.num_points, self.seed), self.folder, self.files)


def cached_split(recipe: Recipe, cache_dir: str | Path | None = None) -> CachedSplit:
    """Opens the entry that ``recipe`` describes, and builds it where it is not there.

    Args:
        recipe: how the entry is made.
        cache_dir: the folder of all entries (default: the user's cache folder, ``~/.cache/conclu_pyg`` on Linux).

    Raises:
        DataError: a cloud cannot be used, or the cache folder cannot be written or is full.
    """
    return cached_entry(
        recipe.title,
        recipe.key(),
        cache_dir,
        write=lambda folder: _write_split(recipe, folder),
        open_=lambda entry: _open_split(entry, recipe.parts),
    )


def _open_split(entry: Path, parts: bool) -> CachedSplit | None:
    """The entry, or ``None`` where it is not there or was damaged after it was built."""
    try:
        about = json.loads((entry / "about.json").read_text(encoding="utf-8"))
        pos = np.load(entry / "pos.npy", mmap_mode="r", allow_pickle=False)
        y = np.load(entry / "y.npy", allow_pickle=False)
        part = np.load(entry / "part.npy", mmap_mode="r", allow_pickle=False) if parts else None
        names, notices = about["names"], about["notices"]
    except (OSError, ValueError, KeyError, TypeError, EOFError):
        return None
    if pos.dtype != np.float32 or pos.ndim != 3 or not len(pos) == len(y) == len(names):
        return None
    if part is not None and (part.dtype != np.int64 or part.shape != pos.shape[:2]):
        return None
    return CachedSplit(pos, y, names, notices, part)


def _write_split(recipe: Recipe, folder: Path) -> None:
    count = recipe.count()
    if count == 0:
        raise DataError(f"{recipe.title} has no clouds; see {recipe.files[0].parent}.")
    with ExitStack() as stack:
        file = stack.enter_context(written(folder / "pos.npy"))
        part_file = stack.enter_context(written(folder / "part.npy")) if recipe.parts else None
        packed = pack(recipe.clouds, count, recipe.num_points, recipe.seed, recipe.title, file, part_file)
    with written(folder / "y.npy") as file:
        np.save(file, np.array(packed.labels, dtype=np.int64), allow_pickle=False)
    about = {"title": recipe.title, "identity": recipe.identity, "notices": packed.notices, "names": packed.names}
    write_about(folder, about)
