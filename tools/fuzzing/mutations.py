"""Seeded mutations of valid files."""

import random
import re
from collections.abc import Iterator

NUMBER = re.compile(rb"\d+")
COUNTS = [b"0", b"1", b"2", b"3", b"7", b"-1", b"255", b"65536", b"1000000", b"4294967296", b"99999999999999999999"]
HEADER = 600  # bytes, where most mutations go


def mutant(valid: bytes, seed: int, index: int) -> bytes:
    """Returns an altered copy of a file: changed bits and numbers, parts removed, repeated or cut off."""
    rng, data = random.Random(f"{seed}/{index}"), bytearray(valid)
    for _ in range(rng.choice([1, 1, 1, 2, 4])):
        _mutate(data, rng)
    return bytes(data)


def mutants(valid: bytes, number: int, seed: int = 0) -> Iterator[bytes]:
    """Yields the first so many mutants of a file."""
    return (mutant(valid, seed, index) for index in range(number))


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
