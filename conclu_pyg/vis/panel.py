"""Panels of pictures, pages and windows: a cloud with a label for each point."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from conclu_pyg.errors import DataError
from conclu_pyg.vis.camera import camera_axes
from conclu_pyg.vis.colors import CORRECT, ERROR

SPECIAL_NAMES = {CORRECT: "correct", ERROR: "error"}
Names = Sequence[str] | Mapping[int, str]
GAP = 1.25  # distance between the centres of panels side by side, in widths of a cloud


@dataclass(frozen=True)
class Panel:
    """A cloud with a label for each point and a title.

    Args:
        title: the text above the cloud.
        pos: the points.
        labels: the part of each point, or ``CORRECT`` and ``ERROR`` of :mod:`conclu_pyg.vis.colors`.

    Shapes:
        - **pos:** ``[n, 3]``, **labels:** int ``[n]``

    Raises:
        DataError: there are no points, one is not finite, or the labels are not one integer per point.
    """

    title: str
    pos: np.ndarray
    labels: np.ndarray

    def __post_init__(self) -> None:
        if self.pos.ndim != 2 or self.pos.shape[1] != 3 or len(self.pos) == 0 or not np.isfinite(self.pos).all():
            raise DataError(
                f"cannot show {self.title!r}: expected finite points of shape [points, 3], got {list(self.pos.shape)}.",
                argument="pos",
                got=list(self.pos.shape),
            )
        if self.labels.shape != (len(self.pos),) or self.labels.dtype.kind not in "iu":
            raise DataError(
                f"cannot show {self.title!r}: expected an integer label for each of its {len(self.pos):,} points, got "
                f"{self.labels.dtype} {list(self.labels.shape)}.",
                argument="labels",
                got=(self.labels.dtype, self.labels.shape),
            )
        if self.labels.dtype.kind == "i" and self.labels.min() < min(SPECIAL_NAMES):
            raise DataError(
                f"cannot show {self.title!r}: labels of parts must be >= 0, got {self.labels.min()}.",
                argument="labels",
                got=int(self.labels.min()),
            )

    def thinned(self, max_points: int, seed: int = 0) -> Panel:
        """Returns the panel with at most ``max_points`` random points, in their order: the same points for panels of
        the same cloud.
        """
        size = len(self.pos)
        if size <= max_points:
            return self
        rows = np.sort(np.random.default_rng(seed).choice(size, max_points, replace=False))
        return Panel(self.title, self.pos[rows], self.labels[rows])


def panels_of(pos: np.ndarray, predicted: np.ndarray, truth: np.ndarray | None = None) -> list[Panel]:
    """Returns one panel of the prediction or, if the ground truth is known, panels of truth, prediction and error.

    Shapes:
        - **pos:** ``[n, 3]``, **predicted, truth:** int ``[n]``

    Raises:
        DataError: as for :class:`Panel`.
    """
    prediction = Panel("prediction", pos, predicted)
    if truth is None:
        return [prediction]
    wrong = Panel("truth", pos, truth).labels != predicted
    title = f"error: {100 * wrong.mean():.1f} % of the points"
    return [Panel("truth", pos, truth), prediction, Panel(title, pos, np.where(wrong, ERROR, CORRECT))]


def side_by_side(panels: Sequence[Panel], up_axis: int) -> list[Panel]:
    """Returns the panels centred, scaled to equal size and moved side by side, from left to right for the camera.

    Args:
        panels: the panels.
        up_axis: the up axis, 0 to 2.
    """
    right = camera_axes(up_axis)[0]
    placed = []
    for index, panel in enumerate(panels):
        points = panel.pos.astype(np.float64)
        low, high = points.min(axis=0), points.max(axis=0)
        points = (points - (low + high) / 2) / max(float((high - low).max()), np.finfo(np.float64).tiny)
        placed.append(Panel(panel.title, points + GAP * index * right, panel.labels))
    return placed


def legend(panels: Sequence[Panel], names: Names) -> dict[int, str]:
    """Returns the name of every label of the panels, parts first and by number; ``part 7`` if a name is missing.

    Args:
        panels: the panels that share the legend.
        names: the names of the parts, by label.
    """
    labels = np.unique(np.concatenate([np.unique(panel.labels).astype(np.int64) for panel in panels])).tolist()
    known = dict(names) if isinstance(names, Mapping) else dict(enumerate(names))
    known |= SPECIAL_NAMES
    parts_first = sorted(labels, key=lambda label: (label < 0, abs(label)))
    return {label: known.get(label, f"part {label}") for label in parts_first}
