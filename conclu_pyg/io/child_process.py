"""Reading in a child process, for libraries that can end the process that uses them.

A reader that crashes, hangs or fills the memory ends its child process, and the file is refused; other files and the
caller go on. A child is started for the first such file and kept for the next ones. It is a new interpreter that runs
:mod:`~conclu_pyg.io.reader_process`: the children of ``multiprocessing`` would run the script of the user once more,
and the workers of a ``DataLoader`` may not start them.
"""

from __future__ import annotations

import atexit
import os
import signal
import subprocess
import sys
import threading
import weakref
from collections.abc import Iterator, Mapping
from io import FileIO
from pathlib import Path
from typing import Any

import numpy as np

from conclu_pyg import errors
from conclu_pyg.errors import ConcluError, DataError, Issue, ReaderError
from conclu_pyg.io.file_cloud import FileCloud
from conclu_pyg.io.reader_process import as_cloud, receive, send

START_SECONDS = 120.0  # for Python and the library, on a slow machine
SECONDS, BYTES_PER_SECOND = 20.0, 200_000  # the time to read a file, by its size
MEMORY, MEMORY_PER_BYTE = 400 << 20, 64  # the memory to read a file, by its size
CONVERT = "restore the file, convert it to another format such as .ply, or leave it out"
FOLDER = Path(__file__).parents[2]  # where the package is


def read_in_child(module: str, path: Path, max_points: int) -> Iterator[FileCloud]:
    """Yields what ``read(path, max_points)`` of a module yields, which runs in a child process.

    Args:
        module: the full name of the module.
        path: the file.
        max_points: the largest number of points in a cloud.

    Raises:
        ConcluError: that of the reader.
        DataError: the child process crashed, took too long or needed too much memory.
    """
    child = _take_child()
    try:
        yield from child.read(module, path, max_points)
    finally:
        _give_back(child)


class _Child:
    """One child process, which reads one file at a time."""

    def __init__(self) -> None:
        paths = [os.path.abspath(path) for path in sys.path if path]
        paths += [] if str(FOLDER) in paths else [str(FOLDER)]
        # One thread: the memory of others counts as used, and data loaders have several processes.
        threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
        self.process = subprocess.Popen(
            [sys.executable, "-P", "-m", "conclu_pyg.io.reader_process"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            bufsize=0,  # no locks, which a fork could copy while they are held
            env={**os.environ, "PYTHONPATH": os.pathsep.join(paths), "MALLOC_ARENA_MAX": "2", **threads},
        )
        self.busy = False  # between a request and the end of its answer
        self.late = False

    def read(self, module: str, path: Path, max_points: int) -> Iterator[FileCloud]:
        size = path.stat().st_size
        seconds, memory = SECONDS + size / BYTES_PER_SECOND, MEMORY + size * MEMORY_PER_BYTE
        folder = "" if path.is_absolute() else os.getcwd()
        start = {"module": module, "path": str(path), "max_points": max_points, "folder": folder}
        message, arrays = self._ask(start, START_SECONDS, path)
        following = {"seconds": seconds, "memory": memory}
        while not message.get("end"):
            if "issues" in message:
                raise _error(message)
            if "reason" in message:
                reason = message["reason"]
                self.busy = True  # the library is in an unknown state: end the child
                if reason == "memory":
                    raise _unreadable(path, f"it needs more than {memory:,} bytes of memory")
                raise _unreadable(path, reason, ReaderError)
            if "name" in message:
                yield as_cloud(message, arrays)
                del arrays
            message, arrays = self._ask(following, seconds, path)

    def _ask(
        self, request: Mapping[str, Any], seconds: float, path: Path
    ) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        """Returns the answer to a request."""
        assert isinstance(self.process.stdin, FileIO) and isinstance(self.process.stdout, FileIO)
        timer = threading.Timer(seconds, self._stop)
        timer.daemon = True
        self.busy = True
        timer.start()
        try:
            send(self.process.stdin, dict(request))
            answer = receive(self.process.stdout)
        except (EOFError, OSError) as error:
            self.process.kill()  # has ended already, or closed its pipes
            code = self.process.wait()
            raise _unreadable(
                path, f"it took longer than {seconds:,.0f} s" if self.late else _ended_by(code)
            ) from error
        except (ValueError, TypeError, LookupError, AttributeError, MemoryError) as error:
            raise _unreadable(path, "the process that read it failed") from error
        finally:
            timer.cancel()
        self.busy = self.late
        return answer

    def _stop(self) -> None:
        self.late = True
        self.process.kill()

    @property
    def is_usable(self) -> bool:
        return not self.busy and not self.late and self.process.poll() is None

    def end(self) -> None:
        self.process.kill()
        self.process.wait()
        self.close()

    def close(self) -> None:
        """Closes this process's ends of the pipes, after which an idle child ends by itself."""
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                pipe.close()


def _error(message: Mapping[str, Any]) -> ConcluError:
    kind = getattr(errors, str(message["error"]), DataError)
    known = isinstance(kind, type) and issubclass(kind, ConcluError)
    issues = [Issue(**{str(name): value for name, value in issue.items()}) for issue in message["issues"]]
    return (kind if known else DataError)(*issues)


def _unreadable(path: Path, reason: str, kind: type[DataError] = DataError) -> DataError:
    return kind(f"{path} cannot be read ({reason}); {CONVERT}.", file=path, got=reason)


def _ended_by(code: int) -> str:
    """Returns the sentence about the exit status of a process."""
    names = {each.value: each.name for each in signal.Signals}
    how = f"by signal {-code}, {names.get(-code, 'unknown')}" if code < 0 else f"with status {code}"
    return f"the process that read it ended {how}"


_lock = threading.Lock()
_idle: list[_Child] = []
_all: weakref.WeakSet[_Child] = weakref.WeakSet()


def _take_child() -> _Child:
    """Returns an idle child, or a new one: two files may be read at the same time."""
    with _lock:
        while _idle:
            child = _idle.pop()
            if child.is_usable:
                return child
            child.end()
        child = _Child()
        _all.add(child)
        return child


def _give_back(child: _Child) -> None:
    """Keeps a child for the next file, if it is usable and the only one."""
    with _lock:
        if not _idle and child.is_usable:
            _idle.append(child)
            return
    child.end()


def _end_all() -> None:
    for child in list(_all):
        child.end()


def _forget_all() -> None:
    """Leaves the children to the process that started them, after a fork."""
    global _lock
    _lock = threading.Lock()
    for child in list(_all):
        child.close()
        child.process.poll()  # sees that it is no child of this process
    _idle.clear()
    _all.clear()


atexit.register(_end_all)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_all)
