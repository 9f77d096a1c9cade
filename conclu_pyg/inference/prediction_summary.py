"""A summary of the predictions of one call."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from conclu_pyg.inference.highest import Highest
from conclu_pyg.inference.prediction import Prediction, Report
from conclu_pyg.text import pluralize, printable

MAX_CLASSES = 12  # that are listed
MAX_NAMES = 5  # clouds that are listed


class PredictionSummary:
    """Counts of predictions, and the least certain ones.

    Args:
        of_points: whether the parts of points were predicted, and not classes (default: no).
    """

    def __init__(self, of_points: bool = False) -> None:
        self.of_points = of_points
        self.classes = Counter[str]()
        self.count = self.unlike = self.compared = 0
        self._confidence = 0.0
        self._sources: set[str] = set()
        self._accuracies: list[tuple[str, float]] = []
        self._least_certain = Highest[str](MAX_NAMES)
        self._most_unlike = Highest[str](MAX_NAMES)

    def add(self, prediction: Prediction) -> None:
        """Adds a prediction."""
        self.count += 1
        self._sources.add(prediction.source)
        self.classes[prediction.category] += 1
        if prediction.accuracy is not None:
            self._accuracies.append((prediction.true_class or prediction.category, prediction.accuracy))
        if (confidence := prediction.confidence) is not None:
            self._confidence += confidence
            entry = f"{prediction.title} ({prediction.category} {confidence:.0%})"
            self._least_certain.add(-confidence, self.count, entry)
        if prediction.novelty is not None:
            self.compared += 1
            self.unlike += prediction.is_unlike
            if prediction.is_unlike:
                entry = f"{prediction.title} ({prediction.category}, {prediction.novelty:.2f})"
                self._most_unlike.add(prediction.novelty, self.count, entry)

    @property
    def mean_confidence(self) -> float | None:
        """The mean probability of the predicted classes; ``None`` without any."""
        return self._confidence / self.count if len(self._least_certain) else None

    @property
    def accuracy(self) -> float | None:
        """The share of correct classes, or the mean share of correct points; ``None`` without ground truth."""
        values = [value for _, value in self._accuracies]
        return sum(values) / len(values) if values else None

    def lines(self, report: Report) -> Iterator[str]:
        """Yields a few sentences.

        Args:
            report: the problems of the call.
        """
        if self.count:
            listed = [f"{name} {count:,}" for name, count in self.classes.most_common(MAX_CLASSES)]
            rest = len(self.classes) - MAX_CLASSES
            more = f" and {pluralize(rest, 'other class', 'other classes')}" if rest > 0 else ""
            yield f"{pluralize(self.count, 'cloud')}: {', '.join(listed)}{more}"
        if self.mean_confidence is not None:
            least = ", ".join(self._least_certain.items())
            yield f"mean confidence {self.mean_confidence:.0%}; least certain: {least}"
        if self.compared:
            most = ", ".join(self._most_unlike.items())
            share = f"{self.unlike:,} of {pluralize(self.compared, 'cloud')} unlike the training data"
            yield f"{share}{f': {most}' if most else ''}{' …' if self.unlike > MAX_NAMES else ''}"
        yield from self._accuracy_lines()
        refused = report.unusable - self._sources
        if refused:
            yield f"{pluralize(len(refused), 'file')} without predictions, with the reasons in the table"
        if partly := report.unusable & self._sources:
            files = pluralize(len(partly), "file")
            yield f"{files} with some clouds without predictions, with the reasons in the table"

    def _accuracy_lines(self) -> Iterator[str]:
        known = len(self._accuracies)
        if self.accuracy is None:
            return
        if self.of_points:
            yield f"{100 * self.accuracy:.1f} % of the points correct, mean over {pluralize(known, 'cloud')}"
            return
        correct = sum(value for _, value in self._accuracies)
        others = self.count - known
        unknown = f"; {pluralize(others, 'other cloud')} in folders of no known class" if others else ""
        yield f"{correct:,.0f} of {known:,} clouds correct ({100 * self.accuracy:.1f} %){unknown}"

    def as_dict(self, report: Report) -> dict[str, Any]:
        """Returns plain values for JSON."""
        return {
            "clouds": self.count,
            "classes": {printable(name): count for name, count in self.classes.most_common()},
            "mean_confidence": self.mean_confidence,
            "unlike": self.unlike if self.compared else None,
            "accuracy": self.accuracy,
            "clouds_with_truth": len(self._accuracies),
            "refused_files": len(report.unusable - self._sources),
        }
