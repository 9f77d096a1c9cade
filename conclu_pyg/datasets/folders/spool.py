"""Points of the clouds of a file on their way between processes: in memory, or in a temporary file if they are many."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

MAX_BYTES = 1 << 20  # in memory, after which all further points are written to the file


class Spool:
    """Clouds that are written once and then read once, in the same order.

    Args:
        path: the temporary file, which need not be made.

    Shapes:
        - **cloud:** float32 ``[k, 3]``
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._sizes: list[int] = []
        self._held: list[np.ndarray] = []
        self._bytes = 0

    def __len__(self) -> int:
        return len(self._sizes)

    def append(self, points: np.ndarray) -> None:
        """Adds a cloud."""
        points = np.ascontiguousarray(points, np.float32)
        self._sizes.append(len(points))
        self._bytes += points.nbytes
        if self._bytes <= MAX_BYTES:
            self._held.append(points)
            return
        begun = len(self._held) < len(self._sizes) - 1
        with self.path.open("ab" if begun else "wb") as file:  # a process that ended may have left a file
            file.write(points.data)

    def read(self) -> Iterator[np.ndarray]:
        """Yields the clouds, and removes the file in the end."""
        yield from self._held
        rest = self._sizes[len(self._held) :]
        if not rest:
            return
        try:
            with self.path.open("rb") as file:
                for size in rest:
                    yield np.frombuffer(file.read(12 * size), np.float32).reshape(size, 3)
        finally:
            self.path.unlink(missing_ok=True)
