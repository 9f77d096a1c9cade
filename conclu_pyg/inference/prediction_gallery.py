"""A page with clouds of each predicted class."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

from conclu_pyg.inference.highest import Highest
from conclu_pyg.inference.prediction import Prediction
from conclu_pyg.io.subset import subset
from conclu_pyg.text import pluralize
from conclu_pyg.vis.cards import MAX_POINTS, Card, Section, write_cards

MOST, LEAST = 6, 3  # of each class, those with the highest and with the lowest confidence
UNLIKE = 24  # clouds
MAX_CLASSES = 200


class PredictionGallery:
    """Keeps pictures of some clouds of each predicted class: the most and the least certain ones, and those that are
    least like the training data. Memory grows with the number of classes only."""

    def __init__(self) -> None:
        self._counts = Counter[str]()
        self._most: dict[str, Highest[Card]] = defaultdict(lambda: Highest(MOST))
        self._least: dict[str, Highest[Card]] = defaultdict(lambda: Highest(LEAST))
        self._unlike = Highest[Card](UNLIKE)

    def add(self, prediction: Prediction) -> None:
        """Adds a prediction of a class."""
        self._counts[prediction.category] += 1
        number, confidence = sum(self._counts.values()), prediction.confidence or 0.0
        card = _card(prediction)
        if len(self._counts) <= MAX_CLASSES or prediction.category in self._most:
            # Those that leave the most certain ones may be among the least certain.
            left = self._most[prediction.category].add(confidence, number, card)
            if left is not None:
                self._least[prediction.category].add(-left.value, left.number, left.item)
        if prediction.is_unlike:
            self._unlike.add(prediction.novelty or 0.0, number, card)

    def write(self, path: Path, title: str, lines: Sequence[str], up_axis: int) -> None:
        """Writes the page.

        Args:
            path: the HTML file to write.
            title: the heading.
            lines: sentences below it.
            up_axis: the up axis of the clouds, 0 to 2.

        Raises:
            OSError: the file cannot be written.
        """
        more = len(self._counts) - len(self._most)
        hidden = [f"{pluralize(more, 'further class', 'further classes')} without pictures"] if more else []
        write_cards(path, title, list(self._sections()), [*lines, *hidden], up_axis)

    def _sections(self) -> Iterator[Section]:
        if len(self._unlike):
            note = "Their novelty is above 1, where that of 95 % of the training clouds is below."
            yield Section("unlike the training data, the farthest first", self._unlike.items(), [note])
        for name, most in sorted(self._most.items(), key=lambda item: (-self._counts[item[0]], item[0])):
            # From the most to the least certain.
            cards = [*most.items(), *reversed(self._least[name].items())]
            count, shown = self._counts[name], len(cards)
            some = f"The {len(most)} most and {shown - len(most)} least certain of them:" if shown < count else ""
            yield Section(f"{name}: {pluralize(count, 'cloud')}", cards, [some] if some else [])


def _card(prediction: Prediction) -> Card:
    ranked = list(prediction.confidences.items())[:3]
    lines = [", ".join(f"{label} {value:.0%}" for label, value in ranked)]
    if prediction.novelty is not None:
        lines.append(f"novelty {prediction.novelty:.2f}{', unlike the training data' if prediction.is_unlike else ''}")
    wrong = prediction.true_class is not None and prediction.true_class != prediction.category
    lines += [f"in the folder of {prediction.true_class}"] if wrong else []
    return Card(prediction.title, subset(prediction.cloud.points, MAX_POINTS), lines, wrong or prediction.is_unlike)
