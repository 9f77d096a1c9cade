"""Examples of retrieval, and the labels of nearest neighbours."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from conclu_pyg.reports.clouds import ReportClouds, spread
from conclu_pyg.reports.embedding_map import Neighbours
from conclu_pyg.text import pluralize
from conclu_pyg.vis.report.blocks import Cards, CloudCard
from conclu_pyg.vis.report.cloud_map import NONE
from conclu_pyg.vis.report.matrix import Matrix
from conclu_pyg.vis.report.page import Section

QUERIES, HITS = 10, 6


def retrieval_section(clouds: ReportClouds, neighbours: Neighbours) -> Section:
    """Returns the nearest neighbours of some clouds, of different labels if there are any. The choice of the queries
    does not depend on their hits."""
    examples = [_example(int(row), clouds, neighbours) for row in _queries(clouds)]
    lines = ["Similarity is the cosine of standardised features: about 0 for clouds that have nothing in common."]
    matrix = [] if clouds.labels is None else [_confusion(clouds.labels, neighbours)]
    if clouds.labels is not None:
        same, known = _agreement(clouds.labels, neighbours)
        lines.append(
            f"The nearest neighbour has the same {clouds.kind} for {same / max(1, known):.1%} of "
            f"{pluralize(known, 'cloud')}. Hits of another {clouds.kind} are framed."
        )
    return Section("Retrieval", [*examples, *matrix], lines)


def _queries(clouds: ReportClouds) -> np.ndarray:
    """Returns evenly spread clouds, one of each label first."""
    if clouds.labels is None:
        return spread(len(clouds), QUERIES)
    names = sorted({label for label in clouds.labels if label})
    chosen = [names[place] for place in spread(len(names), QUERIES)]
    labels = np.array(clouds.labels)
    first = np.array([np.flatnonzero(labels == name)[(labels == name).sum() // 2] for name in chosen], np.int64)
    others = np.setdiff1d(np.arange(len(clouds)), first)
    return np.concatenate([first, others[spread(len(others), QUERIES - len(first))]])


def _example(row: int, clouds: ReportClouds, neighbours: Neighbours) -> Cards:
    labels = clouds.labels
    own = [] if labels is None or not labels[row] else [labels[row]]
    cards = [CloudCard(row, clouds.names[row], ["query", *own])]
    for hit, similarity in zip(neighbours.rows[row, :HITS], neighbours.similarity[row, :HITS], strict=True):
        if hit != NONE:
            label = [] if labels is None or not labels[hit] else [labels[hit]]
            cards.append(
                CloudCard(
                    int(hit), clouds.names[hit], [*label, f"similarity {similarity:.3f}"], bool(own and label != own)
                )
            )
    return Cards(clouds.names[row], cards)


def _pairs(labels: Sequence[str], neighbours: Neighbours) -> tuple[list[str], list[str]]:
    first = neighbours.rows[:, 0]
    rows = [row for row, hit in enumerate(first) if hit != NONE and labels[row] and labels[hit]]
    return [labels[row] for row in rows], [labels[first[row]] for row in rows]


def _agreement(labels: Sequence[str], neighbours: Neighbours) -> tuple[int, int]:
    own, others = _pairs(labels, neighbours)
    return sum(a == b for a, b in zip(own, others, strict=True)), len(own)


def _confusion(labels: Sequence[str], neighbours: Neighbours) -> Matrix:
    own, others = _pairs(labels, neighbours)
    names = sorted({*own, *others})
    number = {name: place for place, name in enumerate(names)}
    counts = np.zeros((len(names), len(names)), np.int64)
    np.add.at(counts, ([number[name] for name in own], [number[name] for name in others]), 1)
    return Matrix("label of each cloud (row) and of its nearest neighbour (column)", names, counts)
