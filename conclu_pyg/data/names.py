"""Names of clouds in two arrays, so that millions of them cost no Python objects in any process."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import overload

import numpy as np


class Names(Sequence[str]):
    """A sequence of strings that are made when they are indexed. It equals a list of the same strings.

    Args:
        text: the names in UTF-8, one after the other.
        starts: the position of each name's first byte in ``text``.
        ends: the position after its last byte.

    Shapes:
        - **text:** uint8 ``[m]``, **starts, ends:** int64 ``[n]``
    """

    def __init__(self, text: np.ndarray, starts: np.ndarray, ends: np.ndarray) -> None:
        self._text, self._starts, self._ends = text, starts, ends

    @classmethod
    def of(cls, names: Iterable[str]) -> Names:
        """Returns the names in this form; they may be in it already."""
        if isinstance(names, Names):
            return names
        return cls.joined(*join_names(names))

    @classmethod
    def joined(cls, text: np.ndarray, ends: np.ndarray) -> Names:
        """Returns the names of :func:`join_names`."""
        return cls(text, np.concatenate([np.zeros(1, np.int64), ends[:-1]])[: len(ends)], ends)

    def __len__(self) -> int:
        return len(self._ends)

    @overload
    def __getitem__(self, index: int) -> str: ...

    @overload
    def __getitem__(self, index: slice | np.ndarray) -> Names: ...

    def __getitem__(self, index: int | slice | np.ndarray) -> str | Names:
        """Returns one name, or several by slice, numbers or mask."""
        if isinstance(index, (slice, np.ndarray)):
            return Names(self._text, self._starts[index], self._ends[index])
        return self._text[self._starts[index] : self._ends[index]].tobytes().decode("utf-8", "surrogatepass")

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, (list, tuple, Names)):
            return NotImplemented
        return len(self) == len(other) and all(a == b for a, b in zip(self, other, strict=True))

    def __repr__(self) -> str:
        shown = [*self[:3], *(["…"] if len(self) > 3 else [])]
        return f"{type(self).__name__}({len(self):,}: {', '.join(shown)})"


def join_names(names: Iterable[str]) -> tuple[np.ndarray, np.ndarray]:
    """Returns the names in UTF-8, one after the other, and the position after each name.

    Shapes:
        - **output:** uint8 ``[m]`` and int64 ``[n]``
    """
    # Names of files may hold bytes that are not UTF-8, which Python represents by lone surrogates.
    encoded = [name.encode("utf-8", "surrogatepass") for name in names]
    ends = np.cumsum([len(name) for name in encoded], dtype=np.int64)
    return np.frombuffer(b"".join(encoded), np.uint8), ends
