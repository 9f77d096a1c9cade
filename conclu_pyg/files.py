"""Writing files so that a reader finds the old or the new content, never half of it, and no writer undoes another."""

from __future__ import annotations

import errno
import importlib.util
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from conclu_pyg.errors import ConcluError

fcntl: Any = importlib.import_module("fcntl") if importlib.util.find_spec("fcntl") else None  # Windows has none
ABANDONED_AFTER = 10.0  # seconds; what is done under a lock takes far below one
WITHOUT_LOCKS = (errno.ENOLCK, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP)  # what file systems without locks say


@contextmanager
def atomic_write(path: Path) -> Iterator[BinaryIO]:
    """Opens a temporary file beside ``path`` that takes its place when the block ends without an error."""
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, 0o666 & ~_umask())  # mkstemp makes files that only their owner can read
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


@contextmanager
def locked(path: Path, patience: float = 60.0) -> Iterator[None]:
    """Keeps other processes out of this block for the same ``path``, by a file ``.<name>.lock`` beside it.

    The lock of a process that was killed does not stay: the system frees it, and where it has no such locks, a file of
    that name counts for ten seconds only.

    Args:
        path: what is read and written in the block; it need not exist.
        patience: how many seconds to wait for another process (default: 60).

    Raises:
        ConcluError: another process holds the lock for longer.
    """
    lock = path.with_name(f".{path.name}.lock")
    deadline = time.monotonic() + patience
    while (descriptor := _take(lock)) is None:
        if time.monotonic() > deadline:
            raise ConcluError(
                f"{path} has been in use by another process for {patience:g} s, so that nothing could be written to "
                "it; end that process and start again."
            )
        time.sleep(0.02)
    try:
        yield
    finally:
        if fcntl is None:
            os.close(descriptor)  # Windows removes no open file
            lock.unlink(missing_ok=True)
        else:
            lock.unlink(missing_ok=True)  # still locked: nobody can take it between the two
            os.close(descriptor)


def _take(lock: Path) -> int | None:
    """The descriptor of the lock's file, now held by this process, or ``None`` where another one holds it."""
    if fcntl is None:
        return _create(lock)
    descriptor = os.open(lock, os.O_CREAT | os.O_RDWR, 0o666)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.path.samestat(os.fstat(descriptor), os.stat(lock)):
            return descriptor
    except (BlockingIOError, FileNotFoundError):
        pass
    except OSError as error:
        if error.errno in WITHOUT_LOCKS:  # rather a record that may be lost than none at all
            return descriptor
        os.close(descriptor)
        raise
    os.close(descriptor)  # held by another process, or removed by the one that held it
    return None


def _create(lock: Path) -> int | None:
    """The same where the system has no locks: the file's existence is the lock."""
    try:
        return os.open(lock, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o666)
    except FileExistsError:
        pass
    except PermissionError:  # on Windows also while another process removes it
        if os.name == "posix":
            raise
    try:
        if time.time() - lock.stat().st_mtime > ABANDONED_AFTER:
            lock.unlink()
    except OSError:  # it is in use, or was removed meanwhile
        pass
    return None


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
