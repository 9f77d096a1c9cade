"""What the labels of a data set mean: its classes, its parts, and which parts each class has."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from conclu_pyg.errors import DataError

MAX_NAMES = 100_000  # of a checkpoint from elsewhere
NAMED = 8  # labels that a message lists


@dataclass(frozen=True)
class Labels:
    """The names of classes and parts.

    Args:
        classes: the name of each class, by label.
        parts: the name of each part, by label (default: no parts).
        class_parts: the part labels of each class, in the order of ``classes`` (default: no parts).

    Raises:
        DataError: no classes, two of one name, a part label without a name, or, where there are parts, a class that
            has none.
    """

    classes: tuple[str, ...]
    parts: tuple[str, ...] = ()
    class_parts: tuple[tuple[int, ...], ...] = ()

    def __post_init__(self) -> None:
        if not self.classes:
            raise DataError("labels need at least one class, found none.")
        if len(set(self.classes)) < len(self.classes):  # tables of scores have a row for each name
            (twice, _), *_ = Counter(self.classes).most_common(1)
            raise DataError(f"each class needs a name of its own, found {twice!r} more than once.")
        if not self.parts and not self.class_parts:
            return
        if len(self.class_parts) != len(self.classes):
            raise DataError(
                f"labels with parts need the parts of each class, found {len(self.class_parts)} lists of parts for "
                f"{len(self.classes)} classes."
            )
        for name, labels in zip(self.classes, self.class_parts, strict=True):
            if not labels or min(labels) < 0 or max(labels) >= len(self.parts):
                raise DataError(
                    f"the class {name} needs parts with labels of at least 0 and below {len(self.parts)}, the number "
                    f"of their names; found {list(labels)}."
                )

    @classmethod
    def of(
        cls, classes: Sequence[str], parts: Sequence[str] = (), class_parts: Mapping[str, Sequence[int]] | None = None
    ) -> Labels:
        """The labels of lists, as data sets have them.

        Args:
            classes: the name of each class.
            parts: the name of each part.
            class_parts: the part labels of each class, by its name.

        Raises:
            DataError: a class whose parts are not said, or as the class says.
        """
        missing = [name for name in classes if name not in (class_parts or {})] if parts else []
        if missing:
            raise DataError(f"the parts of the class {missing[0]} are not said.")
        listed = tuple(tuple(map(int, class_parts[name])) for name in classes) if parts and class_parts else ()
        return cls(tuple(classes), tuple(parts), listed)

    def parts_of_classes(self) -> Tensor:
        """Which parts each class has, bool ``[classes, parts]``."""
        table = torch.zeros(len(self.classes), len(self.parts), dtype=torch.bool)
        for row, labels in enumerate(self.class_parts):
            table[row, list(labels)] = True
        return table

    def state(self) -> dict[str, Any]:
        """Plain values, for a checkpoint."""
        return {
            "classes": list(self.classes),
            "parts": list(self.parts),
            "class_parts": [list(labels) for labels in self.class_parts],
        }

    @classmethod
    def from_state(cls, state: Any) -> Labels:
        """The labels of :meth:`state`, which may come from a file of somebody else's.

        Raises:
            DataError: it is something else.
        """
        names: list[Any] = [state.get(key) for key in ("classes", "parts")] if isinstance(state, dict) else [None]
        table = state.get("class_parts") if isinstance(state, dict) else None
        well = all(isinstance(n, list) and len(n) <= MAX_NAMES and all(isinstance(x, str) for x in n) for n in names)
        if not well or not isinstance(table, list) or not all(_are_labels(row) for row in table):
            raise DataError(f"labels must hold classes, parts and class_parts, found {state!r:.80}.")
        return cls(tuple(names[0]), tuple(names[1]), tuple(map(tuple, table)))


def in_words(labels: Sequence[int]) -> str:
    """The first few labels, such as ``1, 2, 3``."""
    return ", ".join(map(str, labels[:NAMED])) + (", …" if len(labels) > NAMED else "")


def _are_labels(row: Any) -> bool:
    return isinstance(row, list) and len(row) <= MAX_NAMES and all(type(label) is int for label in row)
