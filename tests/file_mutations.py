"""Readers of mutated files."""

from collections import Counter
from pathlib import Path

from fuzzing.mutations import mutants
from fuzzing.outcome import read_file


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
