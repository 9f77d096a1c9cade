"""The entries of the cache: folders that are whole or not there, whatever they hold.

An entry is built under another name and renamed when it is whole and on the disk, so that an entry that exists is
whole: an interrupted build leaves nothing that could be taken for one, and of two processes that build the same entry
the second uses what the first has finished. Entries can be deleted at any time.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import re
import shutil
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

import platformdirs

from conclu_pyg.errors import DataError

VERSION = 1  # of what an entry holds and of how clouds are sampled and mended: entries of others are not read
ABANDONED_AFTER = 24 * 3600  # seconds after which the unfinished folder of a build that was killed is removed

T = TypeVar("T")


def cached_entry(
    title: str,
    key: str,
    cache_dir: str | Path | None,
    *,
    write: Callable[[Path], None],
    open_: Callable[[Path], T | None],
) -> T:
    """The entry of that title and key, which ``write`` writes into a folder where ``open_`` does not find it whole."""
    cache = Path(cache_dir).expanduser() if cache_dir is not None else Path(platformdirs.user_cache_dir("conclu_pyg"))
    entry = cache / f"{re.sub(r'[^A-Za-z0-9_.]', '-', title)}-{key}"
    found = open_(entry)
    if found is None:
        _build(cache, entry, write, is_whole=lambda path: open_(path) is not None)
        found = open_(entry)
    if found is None:
        raise DataError(f"the cache entry {entry} vanished or was damaged as it was opened; start again.")
    return found


def cached_finding(
    title: str,
    identity: tuple[str, ...],
    folder: Path,
    files: Sequence[Path],
    find: Callable[[], T],
    cache_dir: str | Path | None = None,
) -> T:
    """What ``find`` gives, which is called where no entry has it: what takes the reading of a whole data set.

    Args:
        title, identity, folder, files: as those of a :class:`~conclu_pyg.data.cache.Recipe`.
        find: gives values that JSON has: no tuples, no numbers as keys.
        cache_dir: the folder of all entries (default: the user's cache folder, ``~/.cache/conclu_pyg`` on Linux).

    Raises:
        DataError: what ``find`` raises, or the cache folder cannot be written or is full.
    """
    about = cached_entry(
        title,
        entry_key(identity, folder, files),
        cache_dir,
        write=lambda unfinished: write_about(unfinished, {"title": title, "identity": identity, "finding": find()}),
        open_=_open_finding,
    )
    finding: T = about["finding"]
    return finding


def entry_key(values: tuple[Any, ...], folder: Path, files: Sequence[Path]) -> str:
    """A hash of all that an entry depends on: some values, and files by name, size and time of last change.

    However their folder is typed or linked to, it is the same one.
    """
    digest = hashlib.sha256(repr((VERSION, *values)).encode("utf-8", "surrogateescape"))
    for path in sorted(files):
        try:
            status = path.stat()
        except OSError as error:  # a link to nowhere, or removed since it was listed
            raise DataError(f"{path} cannot be read ({error.strerror}); restore it or remove it.") from error
        # Links to the folder are followed, those in it are not: a link's own place may tell the class.
        place = os.path.join(os.path.realpath(folder), os.path.relpath(path, folder))
        digest.update(f"{place}\0{status.st_size}\0{status.st_mtime_ns}\n".encode("utf-8", "surrogateescape"))
    return digest.hexdigest()[:16]


def _open_finding(entry: Path) -> dict[str, Any] | None:
    try:
        about = json.loads((entry / "about.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return about if isinstance(about, dict) and "finding" in about else None


def _build(cache: Path, entry: Path, write: Callable[[Path], None], is_whole: Callable[[Path], bool]) -> None:
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
        write(unfinished)
        _publish(unfinished, entry, is_whole)
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            raise DataError(
                f"the disk of the cache folder {cache} is full; make room there or name another by dataset.cache_dir=…"
            ) from error
        raise DataError(f"the cache entry {entry} cannot be written: {error}; see dataset.cache_dir.") from error
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def _publish(unfinished: Path, entry: Path, is_whole: Callable[[Path], bool]) -> None:
    """Gives a whole entry its name, at once or not at all."""
    try:
        os.rename(unfinished, entry)
    except OSError:
        if is_whole(entry):  # another process was faster; its entry is the same
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


def write_about(folder: Path, about: dict[str, Any]) -> None:
    """Writes what is no array, which is the last of an entry."""
    with written(folder / "about.json") as file:
        file.write(json.dumps(about).encode())
    _sync(folder)


@contextmanager
def written(path: Path) -> Iterator[BinaryIO]:
    """A new file that is on the disk when it is left."""
    with path.open("wb") as file:
        yield file
        file.flush()
        os.fsync(file.fileno())


def _sync(folder: Path) -> None:
    """Puts the names in a folder on the disk, where the system can."""
    if os.name == "posix":
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
