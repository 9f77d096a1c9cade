"""What one panel of a picture, a page or a window shows: a cloud, a label for each point, and a title."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from conclu_pyg.errors import DataError
from conclu_pyg.vis.colors import CORRECT, ERROR

SPECIAL_NAMES = {CORRECT: "correct", ERROR: "error"}
Names = Sequence[str] | Mapping[int, str]


@dataclass(frozen=True)
class Panel:
    """A cloud with a label for each point, as it is shown.

    Args:
        title: what stands above it.
        pos: where the points are.
        labels: the part of each, or ``CORRECT`` and ``ERROR`` of :mod:`conclu_pyg.vis.colors`.

    Shapes:
        - **pos:** ``[n, 3]``, **labels:** int ``[n]``

    Raises:
        DataError: no points, one that is not finite, or not one whole number for each as its label.
    """

    title: str
    pos: np.ndarray
    labels: np.ndarray

    def __post_init__(self) -> None:
        if self.pos.ndim != 2 or self.pos.shape[1] != 3 or len(self.pos) == 0 or not np.isfinite(self.pos).all():
            raise DataError(
                f"{self.title!r} cannot be shown: expected finite points of shape [points, 3], found "
                f"{list(self.pos.shape)}."
            )
        if self.labels.shape != (len(self.pos),) or self.labels.dtype.kind not in "iu":
            raise DataError(
                f"{self.title!r} cannot be shown: expected a whole number as the label of each of its "
                f"{len(self.pos):,} points, found {self.labels.dtype} {list(self.labels.shape)}."
            )
        if self.labels.dtype.kind == "i" and self.labels.min() < min(SPECIAL_NAMES):
            raise DataError(
                f"{self.title!r} cannot be shown: labels of parts must be 0 or more, found {self.labels.min()}."
            )

    def thinned(self, max_points: int, seed: int = 0) -> Panel:
        """The same with a random choice of the points where there are more than ``max_points``, in their order.

        Panels of the same cloud keep the same points.
        """
        size = len(self.pos)
        if size <= max_points:
            return self
        rows = np.sort(np.random.default_rng(seed).choice(size, max_points, replace=False))
        return Panel(self.title, self.pos[rows], self.labels[rows])


def panels_of(pos: np.ndarray, predicted: np.ndarray, truth: np.ndarray | None = None) -> list[Panel]:
    """The prediction; where the truth is known, the truth, the prediction, and where they differ.

    Shapes:
        - **pos:** ``[n, 3]``, **predicted, truth:** int ``[n]``

    Raises:
        DataError: as of :class:`Panel`.
    """
    prediction = Panel("prediction", pos, predicted)
    if truth is None:
        return [prediction]
    wrong = Panel("truth", pos, truth).labels != predicted
    title = f"error: {100 * wrong.mean():.1f} % of the points"
    return [Panel("truth", pos, truth), prediction, Panel(title, pos, np.where(wrong, ERROR, CORRECT))]


def legend(panels: Sequence[Panel], names: Names) -> dict[int, str]:
    """The name of every label that is shown, parts first and by number; ``part 7`` where a name is missing.

    Args:
        panels: what is shown.
        names: the names of parts, a list by label or a mapping from it.
    """
    labels = np.unique(np.concatenate([np.unique(panel.labels).astype(np.int64) for panel in panels])).tolist()
    known = dict(names) if isinstance(names, Mapping) else dict(enumerate(names))
    known |= SPECIAL_NAMES
    parts_first = sorted(labels, key=lambda label: (label < 0, abs(label)))
    return {label: known.get(label, f"part {label}") for label in parts_first}
