"""A reader that does what its file says: for the tests of test_child_process.py, which run it in a child process."""

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from conclu_pyg.errors import DataError
from conclu_pyg.io.file_cloud import FileCloud


def read(path: Path, max_points: int) -> Iterator[FileCloud]:
    for index, word in enumerate(path.read_text().split()):
        print(word, flush=True)
        os.write(1, b"printed by a library")
        if word == "signal":
            os.kill(os.getpid(), signal.SIGTERM)
        elif word == "status":
            os._exit(3)
        elif word == "sleep":
            time.sleep(600)
        elif word == "memory":
            np.ones((4 << 30) // 8)
        elif word == "error":
            raise ZeroDivisionError("a bug\nof the library")
        elif word == "refused":
            raise DataError(f"{path} is refused.", file=path, argument="points", got=-1)
        x = {"colors": np.full((2, 3), index, np.uint8), "none": np.empty((2, 0), ">f4")}
        points = np.array([[0, 0, index], [1, 1, os.getpid()]], ">f8")
        triangles = np.zeros((0, 3), np.int64) if word == "mesh" else None
        yield FileCloud(points, triangles, x, np.array([index, 7]), f"cloud {index}", {"solids": 1}, (word,))
