"""The prediction for one cloud, and the problems with the clouds that cannot be predicted."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import Literal, NamedTuple

import numpy as np

from conclu_pyg.io.clouds import Cloud
from conclu_pyg.text import pluralize, printable
from conclu_pyg.vis.panel import Panel, panels_of

logger = logging.getLogger(__name__)

IGNORED = -1  # the label of a point that could not be used
SHOW_TIME_AFTER = 1.0  # seconds
RANKS = 3  # classes of a cloud that are listed
MAX_LOGGED = 10  # problems


@dataclass(frozen=True)
class Prediction:
    """The prediction for one cloud.

    Attributes:
        cloud: the cloud as it was read; of a classifier, perhaps with some of its points only.
        source: its file, or ``test split``.
        labels: the predicted part of each point; of a classifier, the predicted class, repeated for each point.
        category: the class of the cloud: predicted by a classifier, given to a part segmenter.
        part_shares: the share of the points of each part of the category that occurs, by name; empty for a classifier.
        confidences: the probability of each class that the model gives, by name, the highest first; empty for a part
            segmenter.
        novelty: above 1, the cloud is unlike the training data, see
            :meth:`~conclu_pyg.inference.training_features.TrainingFeatures.novelties` (default: not compared).
        true_parts: the true part of each point, if it is known.
        true_class: the true class, if it is known and the class was predicted.
        notes: repairs of the cloud, the source of its category and similar remarks.
        seconds: the duration of the prediction.
        size: the number of points of the cloud in its file (default: that of ``cloud``).

    Shapes:
        - **labels**, **true_parts:** int64 ``[m]``, for the ``m`` points of the cloud
    """

    cloud: Cloud
    source: str
    labels: np.ndarray
    category: str
    part_shares: Mapping[str, float] = field(default_factory=dict)
    confidences: Mapping[str, float] = field(default_factory=dict)
    novelty: float | None = None
    true_parts: np.ndarray | None = None
    true_class: str | None = None
    notes: Sequence[str] = ()
    seconds: float = 0.0
    size: int = -1

    def __post_init__(self) -> None:
        if self.size < 0:
            object.__setattr__(self, "size", len(self.cloud.points))

    @property
    def title(self) -> str:
        """The file, and the name of the cloud in it unless that is the name of the file."""
        name = self.cloud.name
        return self.source if PurePath(self.source).stem == name else f"{self.source}, {name}"

    @property
    def confidence(self) -> float | None:
        """The probability of the predicted class that the model gives; ``None`` for a part segmenter."""
        return self.confidences.get(self.category)

    @property
    def is_unlike(self) -> bool:
        """Whether the cloud is unlike the training data."""
        return self.novelty is not None and self.novelty > 1

    @property
    def is_whole(self) -> bool:
        """Whether all points of the cloud are there."""
        return self.size == len(self.cloud.points)

    @property
    def accuracy(self) -> float | None:
        """The share of the points with the correct part, or 1 or 0 for a class; ``None`` without ground truth."""
        if self.true_parts is not None:
            return float(np.mean(self.true_parts == self.labels))
        return None if self.true_class is None else float(self.true_class == self.category)

    @property
    def summary(self) -> str:
        """The prediction in one line."""
        if self.confidences:
            summary = f"{self.category} ({100 * self.confidences[self.category]:.0f} %{self._runners_up()})"
            summary += ", unlike the training data" if self.is_unlike else ""
            verdict = "correct" if self.accuracy else "wrong"
            return summary if self.true_class is None else f"{summary}, true: {self.true_class}, {verdict}"
        shares = ", ".join(f"{_short_part_name(name)} {_percent(share)}" for name, share in self.part_shares.items())
        summary = f"{self.category}: predicted {shares}"
        return summary if self.accuracy is None else f"{summary}; {100 * self.accuracy:.1f} % of the points correct"

    def _runners_up(self) -> str:
        """Returns the second and the third class where their probabilities are above 0.5 %."""
        others = [(name, value) for name, value in self.confidences.items() if name != self.category]
        listed = [f"{name} {100 * value:.0f} %" for name, value in others[: RANKS - 1] if value > 0.005]
        return f"; {', '.join(listed)}" if listed else ""

    @property
    def size_and_time(self) -> str:
        """The number of points, and the duration if it was noticeable."""
        points = pluralize(self.size, "point")
        return f"{points} in {self.seconds:.1f} s" if self.seconds > SHOW_TIME_AFTER else points

    def file_labels(self) -> np.ndarray:
        """Returns the label of each point of the file, in the file's order; -1 for a point that could not be used.

        Shapes:
            - **output:** int64 ``[m + left_out]``
        """
        labels = np.full(len(self.labels) + self.cloud.left_out, IGNORED, dtype=np.int64)
        labels[slice(None) if self.cloud.rows is None else self.cloud.rows] = self.labels
        return labels

    def panels(self) -> list[Panel]:
        """Returns the panels that show it."""
        return panels_of(self.cloud.points, self.labels, self.true_parts)


class Problem(NamedTuple):
    """A problem with one cloud or file.

    Attributes:
        source: the file of the cloud, or ``test split``.
        message: the cause, in a sentence.
        kind: ``cloud`` if the cloud could not be read, predicted or written, ``truth`` if it was predicted without its
            ground truth.
    """

    source: str
    message: str
    kind: Literal["cloud", "truth"] = "cloud"


@dataclass
class Report:
    """The problems of one call. Each message is logged once, as a warning, when it is added; only the first ten are.

    Attributes:
        problems: the problems in the order in which they occurred.
        drawing_error: the error that ended the drawing of clouds, if any.
    """

    problems: list[Problem] = field(default_factory=list)
    drawing_error: Exception | None = None
    _logged: set[str] = field(default_factory=set, init=False, repr=False)

    def add(self, source: str, message: str, kind: Literal["cloud", "truth"] = "cloud") -> None:
        """Adds a problem and logs it, unless the same message or ten others were logged before."""
        message = printable(message)
        if message not in self._logged and len(self._logged) < MAX_LOGGED:
            logger.warning(message)
            self._logged.add(message)
        self.problems.append(Problem(source, message, kind))

    @property
    def unusable(self) -> set[str]:
        """The sources of the clouds that could not be read, predicted or written."""
        return {problem.source for problem in self.problems if problem.kind == "cloud"}

    @property
    def without_truth(self) -> set[str]:
        """The other sources, of which a cloud was predicted without its ground truth."""
        return {problem.source for problem in self.problems if problem.kind == "truth"} - self.unusable

    def summary(self) -> str:
        """Returns a sentence with the number of sources that had problems, or an empty string."""
        counts = [f"{pluralize(len(self.unusable), 'file')} could not be used"] if self.unusable else []
        if self.without_truth:
            counts.append(f"{pluralize(len(self.without_truth), 'file')} had no usable ground truth")
        unlogged = {problem.message for problem in self.problems} - self._logged
        where = f"the first {MAX_LOGGED} are named above, all in the table" if unlogged else "see the warnings above"
        return f"{' and '.join(counts)}; {where}." if counts else ""


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %" if share >= 0.005 else "< 1 %"


def _short_part_name(name: str) -> str:
    """Returns ``leg`` for ``chair/leg``, and ``part 47`` for ``Table/47``."""
    own = name.rpartition("/")[2]
    return f"part {own}" if own.isdecimal() else own
