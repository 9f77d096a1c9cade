"""What was predicted for a cloud, in words and in panels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from conclu_pyg.vis.panel import Panel, panels_of

LEFT_OUT = -1  # the label of a point that could not be used


@dataclass(frozen=True)
class Prediction:
    """What was predicted for a cloud.

    Attributes:
        name: the name of what is written.
        source: the file that it came from, or ``test split``.
        pos: the points, as they were read.
        labels: the part of each point; for a classifier, its class at each.
        category: its class, predicted by a classifier and given to a part segmenter.
        parts: the shares of the parts in words; empty for a classifier.
        probability: of the class; ``None`` for a part segmenter.
        truth: the true part of each point, where it is known.
        true_class: the class that a classifier should have found, where it is known.
        rows: which points of the file those are, where ``left_out`` of them could not be used.
        left_out: how many could not be used.
        offset: what was taken off every point of a cloud far from the origin.
        notes: what was mended or sampled when it was read, and by which name its category was guessed.
        seconds: how long it took.
    """

    name: str
    source: str
    pos: np.ndarray
    labels: np.ndarray
    category: str
    parts: str = ""
    probability: float | None = None
    truth: np.ndarray | None = None
    true_class: str | None = None
    rows: np.ndarray | None = None
    left_out: int = 0
    offset: np.ndarray | None = None
    notes: Sequence[str] = ()
    seconds: float = 0.0

    @property
    def right(self) -> float | None:
        """The share of the points whose part is right, or 1 or 0 for a class; ``None`` where no truth is known."""
        if self.truth is not None:
            return float(np.mean(self.truth == self.labels))
        return None if self.true_class is None else float(self.true_class == self.category)

    @property
    def answer(self) -> str:
        """What is said of it, in a line."""
        if self.probability is not None:
            answer = f"{self.category} ({100 * self.probability:.0f} %)"
            verdict = "right" if self.right else "wrong"
            return answer if self.true_class is None else f"{answer}, true: {self.true_class}, {verdict}"
        answer = f"{self.category}: predicted {self.parts}"
        return answer if self.right is None else f"{answer}; {100 * self.right:.1f} % of the points right"

    @property
    def effort(self) -> str:
        """How many points were predicted, and how long it took where one had to wait for it."""
        points = "1 point" if len(self.pos) == 1 else f"{len(self.pos):,} points"
        return f"{points} in {self.seconds:.1f} s" if self.seconds > 1 else points

    def file_labels(self) -> np.ndarray:
        """The label of each point of the file in its order, -1 where a point could not be used.

        Shapes:
            - **output:** int64 ``[m + left_out]``
        """
        labels = np.full(len(self.labels) + self.left_out, LEFT_OUT, dtype=np.int64)
        labels[slice(None) if self.rows is None else self.rows] = self.labels
        return labels

    def panels(self) -> list[Panel]:
        """What is shown of it."""
        return panels_of(self.pos, self.labels, self.truth)


def in_total(rights: Sequence[float], task_has_parts: bool) -> str:
    """What :attr:`Prediction.right` of several clouds comes to, in a sentence."""
    mean = 100 * sum(rights) / len(rights)
    if task_has_parts:
        return f"in total: {mean:.1f} % of the points right, the mean of {len(rights):,} clouds"
    return f"in total: {sum(rights):,.0f} of {len(rights):,} clouds right ({mean:.1f} %)"
