"""The names of classes and parts, and the parts of each class."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from conclu_pyg.errors import DataError

MAX_NAMES = 100_000  # in an untrusted checkpoint
MAX_TABLE = 10**7  # classes times parts, likewise
MAX_LISTED = 8  # labels that a message lists
UNLABELLED = "unlabelled"  # the one class of clouds without a class


@dataclass(frozen=True)
class Labels:
    """The names of classes and parts.

    Args:
        classes: the name of each class, by label.
        parts: the name of each part, by label (default: no parts).
        class_parts: the part labels of each class, in the order of ``classes`` (default: no parts).

    Raises:
        DataError: there are no classes, two have the same name, a part label has no name, or there are parts and a
            class has none.
    """

    classes: tuple[str, ...]
    parts: tuple[str, ...] = ()
    class_parts: tuple[tuple[int, ...], ...] = ()

    def __post_init__(self) -> None:
        if not self.classes:
            raise DataError(
                "labels: expected at least one class, got none; check that the folder of the data set exists and holds "
                "its files where the data set looks for them.",
                argument="classes",
                got=(),
            )
        if len(set(self.classes)) < len(self.classes):  # tables of scores have a row for each name
            (twice, _), *_ = Counter(self.classes).most_common(1)
            raise DataError(
                f"labels: class names must be unique, got {twice!r} more than once.", argument="classes", got=twice
            )
        if not self.parts and not self.class_parts:
            return
        if len(self.class_parts) != len(self.classes):
            raise DataError(
                f"labels: expected a list of parts for each class, got {len(self.class_parts)} lists for "
                f"{len(self.classes)} classes.",
                argument="class_parts",
                got=len(self.class_parts),
            )
        for name, labels in zip(self.classes, self.class_parts, strict=True):
            if not labels or min(labels) < 0 or max(labels) >= len(self.parts):
                raise DataError(
                    f"labels: the parts of the class {name} must be numbers from 0 to {len(self.parts) - 1} "
                    f"({len(self.parts)} part names), got {list(labels)}.",
                    argument="class_parts",
                    got=list(labels),
                )

    @classmethod
    def of(
        cls, classes: Sequence[str], parts: Sequence[str] = (), class_parts: Mapping[str, Sequence[int]] | None = None
    ) -> Labels:
        """Makes labels from the lists of a data set.

        Args:
            classes: the name of each class.
            parts: the name of each part.
            class_parts: the part labels of each class, by its name.

        Raises:
            DataError: a class is missing in ``class_parts``, or as for :class:`Labels`.
        """
        missing = [name for name in classes if name not in (class_parts or {})] if parts else []
        if missing:
            raise DataError(
                f"labels: the parts of the class {missing[0]} are missing in category_to_parts.",
                argument="category_to_parts",
                expected=missing[0],
            )
        listed = tuple(tuple(map(int, class_parts[name])) for name in classes) if parts and class_parts else ()
        return cls(tuple(classes), tuple(parts), listed)

    @property
    def are_unlabelled(self) -> bool:
        """Returns whether the clouds have no classes."""
        return self.classes == (UNLABELLED,)

    def parts_of_classes(self) -> Tensor:
        """Returns a mask of the parts that each class has, bool ``[classes, parts]``."""
        table = torch.zeros(len(self.classes), len(self.parts), dtype=torch.bool)
        for row, labels in enumerate(self.class_parts):
            table[row, list(labels)] = True
        return table

    def state(self) -> dict[str, Any]:
        """Returns dicts and lists for a checkpoint."""
        return {
            "classes": list(self.classes),
            "parts": list(self.parts),
            "class_parts": [list(labels) for labels in self.class_parts],
        }

    @classmethod
    def from_state(cls, state: Any) -> Labels:
        """Makes labels from the result of :meth:`state`, which may come from an untrusted file.

        Raises:
            DataError: it has another structure.
        """
        names: list[Any] = [state.get(key) for key in ("classes", "parts")] if isinstance(state, dict) else [None]
        table = state.get("class_parts") if isinstance(state, dict) else None
        well = all(isinstance(n, list) and len(n) <= MAX_NAMES and all(isinstance(x, str) for x in n) for n in names)
        if not well or not isinstance(table, list) or not all(_are_labels(row) for row in table):
            raise DataError(
                f"labels: expected a dict with classes, parts and class_parts, got {state!r:.80}.", got=state
            )
        if len(names[0]) * len(names[1]) > MAX_TABLE:
            raise DataError(f"labels: expected at most {MAX_TABLE:,} pairs of a class and a part in a file.")
        return cls(tuple(names[0]), tuple(names[1]), tuple(map(tuple, table)))


def format_labels(labels: Sequence[int]) -> str:
    """Returns the first few labels as text, such as ``1, 2, 3``."""
    return ", ".join(map(str, labels[:MAX_LISTED])) + (", …" if len(labels) > MAX_LISTED else "")


def _are_labels(row: Any) -> bool:
    return isinstance(row, list) and len(row) <= MAX_NAMES and all(type(label) is int for label in row)
