"""Outcomes of reading a file: clouds, a refusal, or a fault."""

import time
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np

from conclu_pyg.errors import ConcluError, ReaderError
from conclu_pyg.io.clouds import Cloud, read_clouds

MAX_SECONDS = 2.0  # of the processor, for a small file
MAX_MESSAGE = 600
MESH_POINTS = 100


class Outcome(NamedTuple):
    """Of one file.

    Attributes:
        kind: ``fault`` for another exception than a refusal, a refusal that is no sentence, and inconsistent clouds.
        detail: the refusal or the fault.
        clouds: what was read.
    """

    kind: Literal["read", "refused", "fault"]
    detail: str = ""
    clouds: tuple[Cloud, ...] = ()


def read_file(path: Path) -> Outcome:
    """Reads a small file."""
    start = time.process_time()
    try:
        clouds = tuple(read_clouds(path, mesh_points=MESH_POINTS))
        outcome = Outcome("read", clouds=clouds)
        fault = next(filter(None, map(_fault_of_cloud, clouds)), "")
    except ReaderError as error:  # a refusal for the user, but a fault of the reader
        return Outcome("fault", str(error))
    except ConcluError as error:
        outcome = Outcome("refused", str(error))
        fault = _fault_of_message(str(error), path)
    except Exception as error:  # any other one is a fault
        return Outcome("fault", f"{type(error).__name__}: {error}")
    if time.process_time() - start > MAX_SECONDS:
        fault = fault or f"took more than {MAX_SECONDS:g} s"
    return Outcome("fault", fault) if fault else outcome


def _fault_of_message(message: str, path: Path) -> str:
    is_sentence = (
        path.stem in message and message.endswith(".") and message.isprintable() and len(message) < MAX_MESSAGE
    )
    return "" if is_sentence else f"not a sentence that names the file: {message!r}"


def _fault_of_cloud(cloud: Cloud) -> str:
    """Checks what holds for every cloud that is read."""
    size = len(cloud.points)
    checks = {
        "points": cloud.points.dtype == np.float32 and cloud.points.shape == (size, 3),
        "finite points": bool(np.isfinite(cloud.points).all()),
        "rows": cloud.rows is None or (len(cloud.rows) == size and bool((np.diff(cloud.rows) > 0).all())),
        "attributes": all(len(values) == size for values in cloud.x.values()),
        "labels": cloud.labels is None or (cloud.labels.dtype == np.int64 and cloud.labels.shape == (size,)),
    }
    return next((f"inconsistent {name} of {cloud.name}" for name, holds in checks.items() if not holds), "")
