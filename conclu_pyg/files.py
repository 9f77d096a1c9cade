"""Atomic writes and inter-process locks."""

from __future__ import annotations

import errno
import os
import platform
import re
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from filelock import BaseFileLock, FileLock, SoftFileLock, Timeout

from conclu_pyg.errors import ConcluError

SUFFIX = ".tmp"  # of temporary files
WITHOUT_LOCKS = (errno.ENOLCK, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP)  # errors of file systems without locks


@contextmanager
def atomic_write(path: Path) -> Iterator[BinaryIO]:
    """Opens a temporary file in the folder of ``path`` that replaces ``path`` when the block ends without an error."""
    with replacement(path) as temporary, temporary.open("xb") as file:
        yield file
        _flush(file)


@contextmanager
def replacement(path: Path) -> Iterator[Path]:
    """Returns a new name in the folder of ``path``. The file that the block makes under this name replaces ``path``
    when the block ends without an error."""
    temporary = _temporary(path)
    try:
        yield temporary
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)  # os.replace() leaves it if both are links to the same file


@contextmanager
def new_folder(path: Path) -> Iterator[Path]:
    """Returns a new folder next to ``path``, which must not exist, and makes its parents. The folder becomes ``path``
    when the block ends without an error, and is removed otherwise."""
    temporary = _temporary(path)
    temporary.mkdir(parents=True)
    try:
        yield temporary
        temporary.rename(path)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def replace_by_copy(source: Path, target: Path) -> None:
    """Makes ``target`` the file that ``source`` is, atomically; by a hard link where the file system has them."""
    with replacement(target) as temporary:
        try:
            os.link(source, temporary)
        except OSError:  # a file system without hard links
            shutil.copyfile(source, temporary)


def remove_abandoned(folder: Path) -> None:
    """Removes the temporary files and folders in a folder whose process on this machine has ended."""
    for path in folder.glob(f".*{SUFFIX}"):
        owner = re.fullmatch(r".+\.(\d+)@(.+)\.[0-9a-f]+", path.name.removesuffix(SUFFIX))
        if owner and owner[2] == _host() and not _is_running(int(owner[1])):
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink(missing_ok=True)


def _temporary(path: Path) -> Path:
    """Returns a new name next to ``path``, with the process and the machine that it belongs to."""
    return path.with_name(f".{path.name[:64]}.{os.getpid()}@{_host()}.{secrets.token_hex(4)}{SUFFIX}")


def _host() -> str:
    """Returns the name of the machine and, on Linux, of the process namespace: containers may share the first, and each
    numbers its processes from 1."""
    namespace = Path("/proc/self/ns/pid")
    number = f"-{namespace.stat().st_ino}" if namespace.exists() else ""
    return re.sub(r"[^\w-]", "_", platform.node())[:64] + number


def _is_running(process: int) -> bool:
    if os.name != "posix":
        return True  # os.kill() would end it
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # of another user
        return True
    return True


@contextmanager
def durable_write(path: Path) -> Iterator[BinaryIO]:
    """Opens a new file for writing and reading that is on the disk when the block ends without an error."""
    with path.open("w+b") as file:
        yield file
        _flush(file)


def sync_folder(folder: Path) -> None:
    """Makes the names in a folder durable, where the operating system can."""
    if os.name == "posix":
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


@contextmanager
def locked(path: Path, timeout: float = 60.0) -> Iterator[None]:
    """Excludes other processes from this block for the same ``path``, by a lock file ``.<name>.lock`` next to it.

    The lock is an advisory lock of the operating system: that of a killed process ends with the process, and the empty
    lock file that remains locks nothing. On a file system without such locks, the existence of ``.<name>.softlock``
    is the lock; one left by a killed process of this machine is removed.

    Args:
        path: the file that is read and written in the block; it need not exist.
        timeout: seconds to wait for another process (default: 60).

    Raises:
        ConcluError: another process holds the lock for longer.
    """
    lock_file = path.with_name(f".{path.name}.lock")
    lock: BaseFileLock = FileLock(lock_file, timeout=timeout)
    try:
        try:
            lock.acquire()
        except OSError as error:
            if error.errno not in WITHOUT_LOCKS:
                raise
            lock = SoftFileLock(lock_file.with_suffix(".softlock"), timeout=timeout)  # the attempt left an empty .lock
            lock.acquire()
    except Timeout as error:
        raise ConcluError(
            f"{path} has been locked by another process for {timeout:g} s, so nothing was written to it; end that "
            f"process and start again.",
            file=path,
        ) from error
    try:
        yield
    finally:
        lock.release()


def _flush(file: BinaryIO) -> None:
    file.flush()
    os.fsync(file.fileno())
