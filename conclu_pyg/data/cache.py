"""A crash-safe cache on the disk: folders that are complete or absent, found by a hash of their inputs.

An entry is built under a temporary name and renamed once it is complete and on the disk, so an entry that exists is
complete: an interrupted build leaves no incomplete entry, and of two processes that build the same entry the second
uses the first one's. An entry that was damaged later is noticed by its checksums and built again, with a warning.
Entries can be deleted at any time.
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
import warnings
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import platformdirs

from conclu_pyg.data.file_sample import hash_sample
from conclu_pyg.errors import ConcluWarning, DataError
from conclu_pyg.files import durable_write, sync_folder

VERSION = 4  # of the content of entries, and of how clouds are sampled and cleaned: older entries are not read
UNFINISHED = ".unfinished-"  # begins the names of temporary folders
UNFINISHED_MAX_AGE = 24 * 3600  # seconds after which the temporary folder of a killed build is removed

T = TypeVar("T")


@dataclass(frozen=True)
class CacheKey:
    """Everything that an entry depends on.

    Args:
        title: the name of the content, such as ``ModelNet40 train``; part of the entry's folder name.
        values: options that the content depends on, with a ``repr`` that is the same in every process.
        folder: the folder of the input files. Links to it are followed, so each spelling of it gives the same key.
        files: the input files in ``folder``, compared by name, size, time of last change and a sample of their content.
    """

    title: str
    values: tuple[Any, ...]
    folder: Path
    files: Sequence[Path]

    def digest(self) -> str:
        """Returns a hash of the key, 16 hexadecimal digits.

        Raises:
            DataError: a file cannot be read.
        """
        digest = hashlib.sha256(repr((VERSION, *self.values)).encode("utf-8", "surrogateescape"))
        folder, real = os.path.join(self.folder, ""), os.path.realpath(self.folder)
        paths = sorted(map(os.fspath, self.files))
        try:
            for path in paths:
                status = os.stat(path)
                # Links to the folder are followed, links in it are not: the place of a link may tell the class.
                inner = path[len(folder) :] if path.startswith(folder) else os.path.relpath(path, folder)
                place = os.path.join(real, inner)
                digest.update(f"{place}\0{status.st_size}\0{status.st_mtime_ns}\n".encode("utf-8", "surrogateescape"))
            digest.update(hash_sample(paths))
        except OSError as error:  # a dangling link, or removed since it was listed
            raise DataError(
                f"{error.filename or path} cannot be read ({error.strerror}); restore it or remove it.",
                file=error.filename or path,
            ) from error
        return digest.hexdigest()[:16]

    def entry(self, cache: Path) -> Path:
        """Returns the folder of the entry in the folder ``cache``."""
        return cache / f"{re.sub(r'[^A-Za-z0-9_.]', '-', self.title)}-{self.digest()}"


def get_or_build(
    key: CacheKey,
    build: Callable[[Path], None],
    load: Callable[[Path], T | None],
    cache_dir: str | Path | None = None,
) -> T:
    """Returns the entry of ``key``, which is built if it is absent or damaged.

    Args:
        key: the inputs of the entry.
        build: writes the entry's files into an empty folder and makes them durable.
        load: reads an entry; returns ``None`` if it is absent or damaged.
        cache_dir: the folder of all entries (default: the user's cache folder, ``~/.cache/conclu_pyg`` on Linux).

    Raises:
        DataError: ``build`` rejects its input, or the cache folder cannot be written or is full.
    """
    cache = cache_folder(cache_dir)
    entry = key.entry(cache)
    content = load(entry)
    if content is None:
        if entry.exists():
            warnings.warn(f"the cache entry {entry} is damaged; it is built again.", ConcluWarning, stacklevel=3)
        _build(cache, entry, build, is_complete=lambda path: load(path) is not None)
        content = load(entry)
    if content is None:
        raise DataError(
            f"the cache entry {entry} vanished or was damaged while it was opened; start again.", file=entry
        )
    return content


def cache_folder(cache_dir: str | Path | None = None) -> Path:
    """Returns the folder of all entries (default: the user's cache folder, ``~/.cache/conclu_pyg`` on Linux)."""
    return Path(cache_dir).expanduser() if cache_dir is not None else Path(platformdirs.user_cache_dir("conclu_pyg"))


def cached_json(key: CacheKey, compute: Callable[[], T], cache_dir: str | Path | None = None) -> T:
    """Returns the value of ``compute``, which is called only if no entry has it.

    Args:
        key: the inputs of the value.
        compute: returns a value that JSON can represent: no tuples, no numbers as keys.
        cache_dir: see :func:`get_or_build`.

    Raises:
        DataError: as :func:`get_or_build`.
    """

    def build(folder: Path) -> None:
        write_about(folder, {"title": key.title, "values": key.values, "value": compute()})

    about = get_or_build(key, build, lambda entry: read_about(entry, "value"), cache_dir)
    value: T = about["value"]
    return value


def write_about(folder: Path, about: dict[str, Any]) -> None:
    """Writes ``about.json``, the last file of an entry."""
    with durable_write(folder / "about.json") as file:
        file.write(json.dumps({"content": about, "crc32": _checksum(about)}).encode())
    sync_folder(folder)


def read_about(entry: Path, *keys: str) -> dict[str, Any] | None:
    """Returns the content of ``about.json``, or ``None`` if it is absent, damaged or lacks one of the keys."""
    try:
        stored = json.loads((entry / "about.json").read_text(encoding="utf-8"))
        about = stored["content"]
        is_whole = stored["crc32"] == _checksum(about)
    except (OSError, ValueError, TypeError, LookupError, RecursionError):
        return None
    return about if is_whole and isinstance(about, dict) and all(key in about for key in keys) else None


def _checksum(about: Any) -> int:
    return zlib.crc32(json.dumps(about).encode())


def _build(cache: Path, entry: Path, build: Callable[[Path], None], is_complete: Callable[[Path], bool]) -> None:
    try:
        cache.mkdir(parents=True, exist_ok=True)
        _remove_abandoned(cache)
        unfinished = cache / f"{UNFINISHED}{uuid.uuid4().hex}"
        unfinished.mkdir()
    except OSError as error:
        raise DataError(
            f"the cache folder {cache} cannot be written ({error.strerror}); set another one by dataset.cache_dir=…",
            file=cache,
        ) from error
    try:
        build(unfinished)
        _publish(unfinished, entry, is_complete)
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            raise DataError(
                f"the disk of the cache folder {cache} is full; free some space or set another folder by "
                f"dataset.cache_dir=…",
                file=cache,
            ) from error
        raise DataError(
            f"the cache entry {entry} cannot be written: {error}; see dataset.cache_dir.", file=entry
        ) from error
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def _publish(unfinished: Path, entry: Path, is_complete: Callable[[Path], bool]) -> None:
    """Renames a complete folder to its final name, atomically."""
    try:
        os.rename(unfinished, entry)
    except OSError:
        if is_complete(entry):  # another process was faster; its entry is the same
            return
        # The entry of that name is damaged. It is moved away first, because a non-empty folder is never replaced.
        os.rename(entry, unfinished / "damaged")
        complete = unfinished / "complete"
        complete.mkdir()
        for path in unfinished.glob("*.*"):
            os.rename(path, complete / path.name)
        os.rename(complete, entry)
    sync_folder(entry.parent)


def _remove_abandoned(cache: Path) -> None:
    """Removes the temporary folders of killed builds."""
    for path in cache.glob(f"{UNFINISHED}*"):
        try:
            if time.time() - path.stat().st_mtime > UNFINISHED_MAX_AGE:
                shutil.rmtree(path, ignore_errors=True)
        except OSError:
            continue  # removed by another process in the meantime
