"""Seeded mutations of valid files, and what a reader makes of them."""

import random
import re
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from conclu_pyg.errors import ConcluError
from conclu_pyg.io.clouds import Cloud, read_clouds

NUMBER = re.compile(rb"\d+")
COUNTS = [b"0", b"1", b"2", b"3", b"7", b"-1", b"255", b"65536", b"1000000", b"4294967296", b"99999999999999999999"]
MAX_SECONDS = 2.0  # of the processor, for a small file
HEADER = 600  # bytes, where most mutations go


def mutants(valid: bytes, number: int, seed: int = 0) -> Iterator[bytes]:
    """Yields altered copies of a file: changed bits and numbers, parts removed, repeated or cut off."""
    rng = random.Random(seed)
    for _ in range(number):
        data = bytearray(valid)
        for _ in range(rng.choice([1, 1, 1, 2, 4])):
            _mutate(data, rng)
        yield bytes(data)


def _mutate(data: bytearray, rng: random.Random) -> None:
    if not data:
        return
    limit = len(data) if rng.random() < 0.5 else min(len(data), HEADER)
    start = rng.randrange(limit)
    end = min(len(data), start + rng.choice([1, 2, 4, 8, 40]))
    kind = rng.randrange(8)
    if kind == 0:
        data[start] ^= 1 << rng.randrange(8)
    elif kind == 1:
        data[start:end] = rng.randbytes(end - start)
    elif kind == 2:
        data[start:end] = rng.choice([b"\0", b"\xff", b"\x7f", b" ", b"\n"]) * (end - start)
    elif kind == 3:
        del data[start:end]
    elif kind == 4:
        data[start:start] = data[start:end]
    elif kind == 5:
        del data[rng.randrange(len(data)) :]
    elif kind == 6 and (numbers := list(NUMBER.finditer(bytes(data[:limit])))):
        match = rng.choice(numbers)
        near = [str(int(match[0]) + step).encode() for step in (-1, 1)] if len(match[0]) < 30 else []
        data[match.start() : match.end()] = rng.choice(COUNTS + near)
    else:
        data += data[start:end]


def read_mutants(valid: bytes, suffix: str, number: int, folder: Path, seed: int = 0) -> tuple[int, int]:
    """Reads mutants and checks that each is either read or refused in a sentence, soon.

    Returns:
        How many were read and how many were refused.
    """
    path, read, refused = folder / f"mutant{suffix}", 0, 0
    for data in mutants(valid, number, seed):
        path.write_bytes(data)
        start = time.process_time()
        try:
            for cloud in read_clouds(path, mesh_points=100):
                check_cloud(cloud)
            read += 1
        except ConcluError as error:
            message = str(error)
            assert "mutant" in message and message.endswith(".") and "\n" not in message and len(message) < 600, message
            refused += 1
        assert time.process_time() - start < MAX_SECONDS
    return read, refused


def check_cloud(cloud: Cloud) -> None:
    """Checks what holds for every cloud that is read."""
    size = len(cloud.points)
    assert cloud.points.dtype == np.float32 and cloud.points.shape == (size, 3) and np.isfinite(cloud.points).all()
    assert cloud.rows is None or (len(cloud.rows) == size and (np.diff(cloud.rows) > 0).all())
    assert all(len(values) == size for values in cloud.x.values())
    assert cloud.labels is None or (cloud.labels.dtype == np.int64 and cloud.labels.shape == (size,))
