"""What more labels give: records of one experiment with several shares of the labels, put together as curves."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple

from conclu_pyg.errors import ConcluError
from conclu_pyg.runs.records import Record

UNITS = {"fraction": "labelled training clouds, percent", "per_class": "labelled training clouds of each class"}


class Panel(NamedTuple):
    """What curves that stand in one picture have in common.

    Attributes:
        dataset: what was measured on.
        task: what the model does, such as ``classification``, or the probe.
        metric: what was measured.
        unit: what the labels are counted in, of :data:`UNITS`.
        encoder: its name.
    """

    dataset: str
    task: str
    metric: str
    unit: str
    encoder: str


class LabelCurve(NamedTuple):
    """A figure over the number of labels.

    Attributes:
        panel: what is shown.
        start: ``random weights``, or how the encoder was pre-trained, such as ``ConClu on ModelNet40``.
        labels: how many, ascending: a fraction, or clouds of each class.
        values: in percent, for each number of labels one for each seed.
    """

    panel: Panel
    start: str
    labels: list[float]
    values: list[list[float]]


RANDOM = "random weights"


def label_curves(records: Sequence[Record]) -> list[LabelCurve]:
    """The curves in these records: those of the own metric of what was trained on at least two numbers of labels,
    measured on the test split without votes. What was measured again counts once, as it was last.

    Raises:
        ConcluError: two settings or protocols with the same number of labels, whose mean would mean nothing.
    """
    found: dict[tuple[Panel, str], dict[float, list[Record]]] = defaultdict(lambda: defaultdict(list))
    for record in records:
        details = record.details
        if "per_class" not in details or details.get("votes", 1) > 1 or details.get("on", "test") != "test":
            continue
        for unit, number in details.get("labels", {}).items():
            panel = Panel(record.dataset, record.task, record.metric, unit, record.encoder)
            random = record.initialisation == "random"
            start = RANDOM if random else f"{record.method} on {record.initialisation}"
            found[panel, start][number].append(record)
    return [
        LabelCurve(
            *key, labels=sorted(by_number), values=[_values(by_number[number], number) for number in sorted(by_number)]
        )
        for key, by_number in sorted(found.items())
        if len(by_number) > 1
    ]


def _values(records: Sequence[Record], number: float) -> list[float]:
    """One for each seed: what was measured again counts as it was last."""
    first, by_seed = records[0], {record.seed: record.value for record in records}
    for record in records:
        for what, one, two in (
            ("settings", record.details.get("setting"), first.details.get("setting")),
            ("protocols", record.protocol, first.protocol),
        ):
            if one != two:
                raise ConcluError(
                    f"{record.encoder} on {record.dataset} from {record.initialisation} has two {what} ({two}; {one}) "
                    f"with the same labels ({number:g}); give them sections, files of records, of their own."
                )
    return [by_seed[seed] for seed in sorted(by_seed)]
