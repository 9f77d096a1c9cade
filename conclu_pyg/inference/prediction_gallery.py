"""A page with clouds of each predicted class."""

from __future__ import annotations

import heapq
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

from conclu_pyg.inference.prediction import Prediction
from conclu_pyg.io.sampling import subset
from conclu_pyg.text import pluralize
from conclu_pyg.vis.cards import MAX_POINTS, Card, Section, write_cards

MOST, LEAST = 6, 3  # of each class, those with the highest and with the lowest confidence
UNLIKE = 24  # clouds
MAX_CLASSES = 200

Entry = tuple[float, int, Card]


class PredictionGallery:
    """Keeps pictures of some clouds of each predicted class: the most and the least certain ones, and those that are
    least like the training data. Memory grows with the number of classes only."""

    def __init__(self) -> None:
        self._counts = Counter[str]()
        self._most: dict[str, list[Entry]] = defaultdict(list)
        self._least: dict[str, list[Entry]] = defaultdict(list)
        self._unlike: list[Entry] = []

    def add(self, name: str, prediction: Prediction) -> None:
        """Adds a prediction of a class under a name."""
        self._counts[prediction.category] += 1
        number, confidence = sum(self._counts.values()), prediction.confidence or 0.0
        card = _card(name, prediction)
        if len(self._counts) <= MAX_CLASSES or prediction.category in self._most:
            # Those that leave the most certain ones may be among the least certain.
            left = _keep(self._most[prediction.category], (confidence, -number, card), MOST)
            if left is not None:
                _keep(self._least[prediction.category], (-left[0], *left[1:]), LEAST)
        if prediction.is_unlike:
            _keep(self._unlike, (prediction.novelty or 0.0, -number, card), UNLIKE)

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
        write_cards(path, title, list(self._sections()), lines, up_axis)

    def _sections(self) -> Iterator[Section]:
        if self._unlike:
            note = "Their novelty is above 1, where that of 95 % of the training clouds is below."
            yield Section("unlike the training data, the farthest first", _ordered(self._unlike), [note])
        for name, most in sorted(self._most.items(), key=lambda item: (-self._counts[item[0]], item[0])):
            cards = [*_ordered(most), *_ordered(self._least[name], least=True)]
            count, shown = self._counts[name], len(cards)
            some = f"The {len(most)} most and {shown - len(most)} least certain of them:" if shown < count else ""
            yield Section(f"{name}: {pluralize(count, 'cloud')}", cards, [some] if some else [])


def _ordered(entries: Sequence[Entry], least: bool = False) -> list[Card]:
    return [card for *_, card in sorted(entries, key=lambda entry: entry[:2], reverse=not least)]


def _keep(heap: list[Entry], entry: Entry, count: int) -> Entry | None:
    """Adds an entry, and returns the one with the lowest value if there are too many."""
    heapq.heappush(heap, entry)
    return heapq.heappop(heap) if len(heap) > count else None


def _card(name: str, prediction: Prediction) -> Card:
    ranked = list(prediction.confidences.items())[:3]
    lines = [", ".join(f"{label} {value:.0%}" for label, value in ranked)]
    if prediction.novelty is not None:
        lines.append(f"novelty {prediction.novelty:.2f}{', unlike the training data' if prediction.is_unlike else ''}")
    wrong = prediction.true_class is not None and prediction.true_class != prediction.category
    lines += [f"in the folder of {prediction.true_class}"] if wrong else []
    return Card(name, subset(prediction.cloud.points, MAX_POINTS), lines, wrong or prediction.is_unlike)
