"""Readers of mutated files."""

from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from fuzzing.mutations import mutants
from fuzzing.outcome import read_file

from conclu_pyg.errors import ConcluError
from conclu_pyg.io.file_cloud import FileCloud


def read_mutants(valid: bytes, suffix: str, number: int, folder: Path, seed: int = 0) -> tuple[int, int]:
    """Reads mutants of a file and checks that each is either read or refused in a sentence, soon.

    Returns:
        How many were read and how many were refused.
    """
    path, kinds = folder / f"mutant{suffix}", Counter[str]()
    for index, data in enumerate(mutants(valid, number, seed)):
        path.write_bytes(data)
        outcome = read_file(path)
        assert outcome.kind != "fault", f"mutant {index}: {outcome.detail}"
        kinds[outcome.kind] += 1
    return kinds["read"], kinds["refused"]


def read_with_changed_bytes(
    path: Path,
    number: int,
    read: Callable[[Path, int], Iterator[FileCloud]],
    is_right: Callable[[FileCloud], bool],
    max_points: int = 1_000_000,
) -> tuple[int, int]:
    """Changes one to three bytes of a valid file at a time, and checks the clouds that are read.

    Args:
        path: the file.
        number: how many times to change it.
        read: the reader.
        is_right: tells whether a cloud is that of the valid file as far as it has to be.
        max_points: for the reader (default: one million).

    Returns:
        How many files were read and how many were refused.
    """
    valid, rng, kinds = path.read_bytes(), np.random.default_rng(0), Counter[str]()
    for index in range(number):
        content = bytearray(valid)
        for position in rng.integers(0, len(valid), rng.integers(1, 4)):
            content[position] = rng.integers(256)
        path.write_bytes(content)
        try:
            assert all(map(is_right, read(path, max_points))), f"file {index} gives another cloud"
            kinds["read"] += 1
        except ConcluError:
            kinds["refused"] += 1
    return kinds["read"], kinds["refused"]
