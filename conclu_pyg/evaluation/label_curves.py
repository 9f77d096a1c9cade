"""What more labels give: records of one experiment with several shares of the labels, put together as curves."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple

from conclu_pyg.engine.records import Record
from conclu_pyg.errors import ConcluError

Key = tuple[str, str, str, str, str]  # what a curve's points have in common: all before its labels
UNITS = {"fraction": "labelled training clouds, percent", "per_class": "labelled training clouds of each class"}


class LabelCurve(NamedTuple):
    """A figure over the number of labels.

    Attributes:
        dataset: what was measured on.
        metric: what was measured.
        unit: what ``labels`` counts, of :data:`UNITS`.
        encoder: its name.
        start: ``random``, or the data set of the pre-training.
        labels: how many, ascending: a fraction, or clouds of each class.
        values: in percent, for each number of labels one for each seed.
    """

    dataset: str
    metric: str
    unit: str
    encoder: str
    start: str
    labels: list[float]
    values: list[list[float]]


def label_curves(records: Sequence[Record]) -> list[LabelCurve]:
    """The curves in these records: those of fine-tuned models with at least two numbers of labels, by their own metric
    and without votes.

    Raises:
        ConcluError: two settings with the same number of labels, whose mean would mean nothing.
    """
    found: dict[Key, dict[float, dict[int, Record]]] = defaultdict(lambda: defaultdict(dict))
    for record in records:
        labels = record.details.get("labels", {})
        if "per_class" not in record.details or record.details.get("votes", 1) > 1:
            continue
        for unit, number in labels.items():
            key = (record.dataset, record.metric, unit, record.encoder, record.initialisation)
            others = found[key][number]
            settings = {other.details.get("setting") for other in others.values()} | {record.details.get("setting")}
            if len(settings) > 1:
                raise ConcluError(
                    f"{record.encoder} on {record.dataset} from {record.initialisation} has two settings "
                    f"({', '.join(sorted(map(str, settings)))}) with the same labels ({number:g}); give them sections, "
                    "files of records, of their own."
                )
            others[record.seed] = record
    return [
        LabelCurve(*key, labels=sorted(by_number), values=[_values(by_number[number]) for number in sorted(by_number)])
        for key, by_number in sorted(found.items())
        if len(by_number) > 1
    ]


def _values(by_seed: dict[int, Record]) -> list[float]:
    return [by_seed[seed].value for seed in sorted(by_seed)]
