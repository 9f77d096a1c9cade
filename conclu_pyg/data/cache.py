"""One split of a data set as one float32 array in a file, built once and memory-mapped from then on.

An entry is a folder ``<data set>-<split>-<key>`` with ``pos.npy``, ``y.npy`` and ``about.json``. It is built under
another name and renamed when it is whole and on the disk, so that an entry that exists is whole: an interrupted build
leaves nothing that could be taken for one, and of two processes that build the same entry the second uses what the
first has finished. Entries can be deleted at any time.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import shutil
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import platformdirs

from conclu_pyg.data.layouts.base import RawCloud
from conclu_pyg.data.packing import pack
from conclu_pyg.errors import DataError

VERSION = 1  # of what an entry holds and of how clouds are sampled and mended: entries of others are not read
ABANDONED_AFTER = 24 * 3600  # seconds after which the unfinished folder of a build that was killed is removed


@dataclass(frozen=True)
class CachedSplit:
    """What an entry holds.

    Args:
        pos: coordinates, memory-mapped and read-only.
        y: the class of each cloud.
        names: what each cloud is called.
        notices: what was mended when the entry was built, a sentence each.

    Shapes:
        - **pos:** float32 ``[n, N, 3]``, **y:** int64 ``[n]``
    """

    pos: np.ndarray
    y: np.ndarray
    names: list[str]
    notices: list[str]


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
    """

    title: str
    identity: tuple[str, ...]
    folder: Path
    files: Sequence[Path]
    num_points: int
    seed: int
    count: Callable[[], int]
    clouds: Callable[[], Iterator[RawCloud]]

    def key(self) -> str:
        """A hash of everything that the entry depends on."""
        digest = hashlib.sha256(repr((VERSION, self.identity, self.num_points, self.seed)).encode())
        for path in sorted(self.files):
            try:
                status = path.stat()
            except OSError as error:  # a link to nowhere, or removed since it was listed
                raise DataError(f"{path} cannot be read ({error.strerror}); restore it or remove it.") from error
            # Links to the folder are followed, those in it are not: a link's own place may tell the class.
            place = os.path.join(os.path.realpath(self.folder), os.path.relpath(path, self.folder))
            digest.update(f"{place}\0{status.st_size}\0{status.st_mtime_ns}\n".encode("utf-8", "surrogateescape"))
        return digest.hexdigest()[:16]


def cached_split(recipe: Recipe, cache_dir: str | Path | None = None) -> CachedSplit:
    """Opens the entry that ``recipe`` describes, and builds it where it is not there.

    Args:
        recipe: how the entry is made.
        cache_dir: the folder of all entries (default: the user's cache folder, ``~/.cache/conclu_pyg`` on Linux).

    Raises:
        DataError: a cloud cannot be used, or the cache folder cannot be written or is full.
    """
    cache = Path(cache_dir).expanduser() if cache_dir is not None else Path(platformdirs.user_cache_dir("conclu_pyg"))
    entry = cache / f"{recipe.title.replace(' ', '-')}-{recipe.key()}"
    split = _open(entry)
    if split is None:
        _build(recipe, cache, entry)
        split = _open(entry)
    if split is None:
        raise DataError(f"the cache entry {entry} vanished or was damaged as it was opened; start again.")
    return split


def _open(entry: Path) -> CachedSplit | None:
    """The entry, or ``None`` where it is not there or was damaged after it was built."""
    try:
        about = json.loads((entry / "about.json").read_text(encoding="utf-8"))
        pos = np.load(entry / "pos.npy", mmap_mode="r", allow_pickle=False)
        y = np.load(entry / "y.npy", allow_pickle=False)
        names, notices = about["names"], about["notices"]
    except (OSError, ValueError, KeyError, TypeError, EOFError):
        return None
    if pos.dtype != np.float32 or pos.ndim != 3 or not len(pos) == len(y) == len(names):
        return None
    return CachedSplit(pos, y, names, notices)


def _build(recipe: Recipe, cache: Path, entry: Path) -> None:
    try:
        cache.mkdir(parents=True, exist_ok=True)
        _sweep(cache)
        unfinished = cache / f".unfinished-{uuid.uuid4().hex}"
        unfinished.mkdir()
    except OSError as error:
        raise DataError(
            f"the cache folder {cache} cannot be written ({error.strerror}); name another one by dataset.cache_dir=…"
        ) from error
    try:
        _write_entry(recipe, unfinished)
        _publish(unfinished, entry)
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            raise DataError(
                f"the disk of the cache folder {cache} is full; make room there or name another by dataset.cache_dir=…"
            ) from error
        raise DataError(f"the cache entry {entry} cannot be written: {error}; see dataset.cache_dir.") from error
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def _publish(unfinished: Path, entry: Path) -> None:
    """Gives a whole entry its name, at once or not at all."""
    try:
        os.rename(unfinished, entry)
    except OSError:
        if _open(entry) is not None:  # another process was faster; its entry is the same
            return
        # What bears the name is damaged. It is moved away first, because a folder that holds files is never replaced.
        os.rename(entry, unfinished / "damaged")
        whole = unfinished / "whole"
        whole.mkdir()
        for path in unfinished.glob("*.*"):
            os.rename(path, whole / path.name)
        os.rename(whole, entry)
    _sync(entry.parent)


def _sweep(cache: Path) -> None:
    """Removes what builds that were killed left behind."""
    for path in cache.glob(".unfinished-*"):
        try:
            if time.time() - path.stat().st_mtime > ABANDONED_AFTER:
                shutil.rmtree(path, ignore_errors=True)
        except OSError:
            continue  # removed by another process meanwhile


def _write_entry(recipe: Recipe, folder: Path) -> None:
    count = recipe.count()
    if count == 0:
        raise DataError(f"{recipe.title} has no clouds; see {recipe.files[0].parent}.")
    with (folder / "pos.npy").open("wb") as file:
        packed = pack(recipe.clouds, count, recipe.num_points, recipe.seed, recipe.title, file)
        file.flush()
        os.fsync(file.fileno())
    with (folder / "y.npy").open("wb") as file:
        np.save(file, np.array(packed.labels, dtype=np.int64), allow_pickle=False)
        file.flush()
        os.fsync(file.fileno())
    with (folder / "about.json").open("w", encoding="utf-8") as text:
        about = {"title": recipe.title, "identity": recipe.identity, "notices": packed.notices, "names": packed.names}
        json.dump(about, text)
        text.flush()
        os.fsync(text.fileno())
    _sync(folder)


def _sync(folder: Path) -> None:
    """Puts the names in a folder on the disk, where the system can."""
    if os.name == "posix":
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
