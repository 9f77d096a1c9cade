"""The child process that runs readers whose library can end a process; :mod:`~conclu_pyg.io.child_process` starts it.

It takes requests from its standard input and answers on its standard output, for one file after the other. A message is
the number of its bytes, an object in JSON, and the bytes of the arrays that the object lists. Nothing is unpickled.
"""

from __future__ import annotations

import importlib
import json
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import FileIO
from pathlib import Path
from typing import Any

import numpy as np

from conclu_pyg.errors import ConcluError, one_line
from conclu_pyg.io.file_cloud import FileCloud

HAS_LIMITS = sys.platform != "win32"
if HAS_LIMITS:
    import resource

LENGTH_BYTES = 8
MAX_MESSAGE = 1 << 26  # bytes of JSON
HAS_SIZE = sys.platform == "linux"  # where the size of the address space is known, and its limit observed


def send(stream: FileIO, message: dict[str, Any], arrays: dict[str, np.ndarray] | None = None) -> None:
    """Writes a message, to which the number type and the shape of each array are added."""
    arrays = arrays or {}
    listed = {name: (array.dtype.str, array.shape) for name, array in arrays.items()}
    data = json.dumps({**message, "arrays": listed}).encode()
    _write(stream, len(data).to_bytes(LENGTH_BYTES, "little") + data)
    for array in arrays.values():
        _write(stream, np.ascontiguousarray(array).reshape(-1).view(np.uint8).data)


def receive(stream: FileIO) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Reads a message and its arrays.

    Raises:
        EOFError: the other process has ended.
        ValueError: the message is not in this format.
    """
    length = int.from_bytes(_read(stream, LENGTH_BYTES), "little")
    if length > MAX_MESSAGE:
        raise ValueError(f"a message of {length:,} bytes")
    message = json.loads(_read(stream, length))
    arrays = {}
    for name, (kind, shape) in message.pop("arrays").items():
        array = np.empty(shape, np.dtype(kind))
        if array.dtype.kind not in "fiub":
            raise ValueError(f"an array of {array.dtype}")
        _fill(stream, array.reshape(-1).view(np.uint8).data)
        arrays[name] = array
    return message, arrays


def _write(stream: FileIO, data: bytes | memoryview) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[stream.write(rest) :]


def _read(stream: FileIO, size: int) -> bytes:
    data = bytearray(size)
    _fill(stream, memoryview(data))
    return bytes(data)


def _fill(stream: FileIO, rest: memoryview) -> None:
    while rest:
        count = stream.readinto(rest)
        if not count:
            raise EOFError
        rest = rest[count:]


def serve(requests: FileIO, answers: FileIO) -> None:
    """Answers requests until there are no more."""
    clouds: Iterator[FileCloud] = iter(())
    while True:
        try:
            request, _ = receive(requests)
        except EOFError:
            return
        try:
            if "module" in request:
                with suppress(OSError):  # a folder that was removed; only relative paths need it
                    os.chdir(request["folder"])
                clouds = importlib.import_module(request["module"]).read(Path(request["path"]), request["max_points"])
                send(answers, {})
                continue
            with _limits(request["seconds"], request["memory"]):
                cloud = next(clouds, None)
            if cloud is None:
                send(answers, {"end": True})
            else:
                send(answers, *_as_message(cloud))
                del cloud  # before memory is used for the next
        except ConcluError as error:
            send(
                answers, {"error": type(error).__name__, "issues": [_plain(issue._asdict()) for issue in error.issues]}
            )
        except MemoryError:
            send(answers, {"reason": "memory"})
        except Exception as error:  # of a library, which its reader should have caught
            send(answers, {"reason": f"{type(error).__name__}: {one_line(error):.300}".rstrip(": ")})


def _as_message(cloud: FileCloud) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    arrays = {"points": cloud.points, "triangles": cloud.triangles, "labels": cloud.labels}
    arrays |= {f"x.{name}": values for name, values in cloud.x.items()}
    message = {"name": cloud.name, "cad": dict(cloud.cad), "notes": cloud.notes}
    return message, {name: array for name, array in arrays.items() if array is not None}


def as_cloud(message: dict[str, Any], arrays: dict[str, np.ndarray]) -> FileCloud:
    """Returns the cloud of an answer."""
    points, triangles, labels = (arrays.get(name) for name in ("points", "triangles", "labels"))
    if points is None:
        raise ValueError("a cloud without points")
    x = {name.removeprefix("x."): values for name, values in arrays.items() if name.startswith("x.")}
    return FileCloud(points, triangles, x, labels, message["name"], message["cad"], tuple(message["notes"]))


def _plain(fields: dict[str, Any]) -> dict[str, Any]:
    """Returns the fields of an error that JSON can hold; other values as text."""
    fields = {name: value for name, value in fields.items() if value is not ...}
    return {
        name: value if isinstance(value, str | int | float | None) else str(value) for name, value in fields.items()
    }


@contextmanager
def _limits(seconds: float, memory: int) -> Iterator[None]:
    """Context that bounds the memory that is used in addition, and the time, in case the parent process has ended."""
    if not HAS_LIMITS:
        yield
        return
    before = resource.getrlimit(resource.RLIMIT_AS)
    if HAS_SIZE:
        pages = int(Path("/proc/self/statm").read_text().split()[0])
        limit = pages * resource.getpagesize() + memory
        resource.setrlimit(resource.RLIMIT_AS, (limit if before[0] < 0 else min(limit, before[0]), before[1]))
    signal.setitimer(signal.ITIMER_REAL, seconds + 5)  # ends the process
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        resource.setrlimit(resource.RLIMIT_AS, before)


def main() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, which ends this process
    if HAS_LIMITS:
        resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
    # Libraries print what they like to the standard streams, and ask nothing.
    with FileIO(os.dup(0), "r") as requests, FileIO(os.dup(1), "w") as answers:
        for stream, mode in ((0, os.O_RDONLY), (1, os.O_WRONLY)):
            nothing = os.open(os.devnull, mode)
            os.dup2(nothing, stream)
            os.close(nothing)
        with suppress(BrokenPipeError):
            serve(requests, answers)


if __name__ == "__main__":
    main()
