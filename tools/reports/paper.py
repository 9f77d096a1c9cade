"""Figures that the paper reports for the same measurement as a record."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import yaml

from conclu_pyg.runs.records import Record
from reports.table import format_losses


@cache
def _paper() -> dict[str, Any]:
    return yaml.safe_load(Path(__file__).with_name("paper.yaml").read_text())


def reported_value(record: Record) -> float | None:
    """Returns the paper's figure: of its encoder pre-trained on its data set with the same loss terms, all labels, the
    test split, and, for a supervised model, all weights trained and no votes. ``None`` if the paper has none."""
    paper, protocol = _paper(), record.protocol
    all_labels = protocol.train.per_class is None and protocol.train.fraction == 1
    if protocol.test.split != "test" or not all_labels or protocol.corruptions or protocol.votes > 1:
        return None
    its_own = record.method == paper["method"] and record.pretrained_on == [paper["pretrained_on"]]
    if (record.task, record.metric) == ("svm", "accuracy") and its_own:
        return _find(paper["linear_svm"], record.dataset, record.encoder, format_losses(record.losses))
    origin = record.pretraining
    if record.task != "part_segmentation" or protocol.encoder.frozen:
        return None
    if not record.pretrained_on:
        start = "random"
    elif its_own and origin and format_losses(origin.losses) == paper["losses"] and origin.mismatches is None:
        start = "pre-trained"
    else:
        return None
    return _find(paper["part_segmentation"], record.dataset, record.encoder, start, record.metric)


def _find(figures: Any, *keys: str) -> float | None:
    for key in keys:
        figures = figures.get(key, {})
    return figures or None
