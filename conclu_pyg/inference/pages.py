"""HTML pages of what commands find in a folder."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from conclu_pyg.inference.clusters import NOISE, Clusters
from conclu_pyg.inference.duplicates import DuplicatePair
from conclu_pyg.inference.index import Index
from conclu_pyg.inference.pictures import index_picture, picture_points
from conclu_pyg.inference.search import SearchResult
from conclu_pyg.text import pluralize
from conclu_pyg.vis.cards import Card, Section, write_cards

NEAREST, FARTHEST = 9, 3  # members of a cluster that are shown
MAX_CLUSTERS = 200  # on a page
MAX_PAIRS = 200


def write_search_page(path: Path, index: Index, results: Sequence[SearchResult], *, up_axis: int, title: str) -> None:
    """Writes a page with a picture of each query and of its hits.

    Args:
        path: the HTML file to write.
        index: the index that was searched.
        results: the results.
        up_axis: the up axis of the pictures, 0 to 2.
        title: the heading.
    """
    sections = []
    for result in results:
        blocks = index.blocks if result.is_indexed else None
        query = Card(result.name, picture_points(result.path, result.cloud, blocks), ["query"], marked=True)
        hits = [
            Card(hit.name, index_picture(index, hit.row), [f"similarity {hit.similarity:.3f}"]) for hit in result.hits
        ]
        sections.append(Section(result.name, [query, *hits]))
    lines = ["Similarity is the cosine of standardised features: about 0 for clouds that have nothing in common."]
    write_cards(path, title, sections, lines, up_axis)


def write_cluster_page(
    path: Path,
    clusters: Clusters,
    picture: Callable[[int], np.ndarray],
    purity: Sequence[tuple[str, float]] | None,
    title: str,
    up_axis: int,
) -> None:
    """Writes a page with the nearest and the farthest members of each cluster.

    Args:
        path: the HTML file to write.
        clusters: the clusters.
        picture: returns points of a cloud by its row.
        purity: the most frequent label of each cluster, and its share (default: unknown).
        title: the heading.
        up_axis: the up axis of the pictures, 0 to 2.
    """
    sections = []
    for cluster in range(min(clusters.count, MAX_CLUSTERS)):
        members = clusters.members(cluster)
        nearest, farthest = members[:NEAREST], members[NEAREST:][-FARTHEST:]
        cards = [_member(clusters, row, picture, "") for row in nearest]
        cards += [_member(clusters, row, picture, "far from the centre") for row in farthest]
        lines = [] if purity is None else [f"{purity[cluster][1]:.0%} {purity[cluster][0]}"]
        sections.append(Section(f"cluster {cluster}: {pluralize(len(members), 'cloud')}", cards, lines))
    lines = [f"{clusters.method}: {pluralize(clusters.count, 'cluster')} of {pluralize(len(clusters.names), 'cloud')}"]
    if clusters.count > MAX_CLUSTERS:
        lines.append(f"The {MAX_CLUSTERS} largest clusters are shown.")
    if rest := int((clusters.cluster == NOISE).sum()):
        lines.append(f"{pluralize(rest, 'cloud')} in no cluster")
    write_cards(path, title, sections, [*lines, *clusters.warnings], up_axis)


def _member(clusters: Clusters, row: int, picture: Callable[[int], np.ndarray], note: str) -> Card:
    lines = [f"confidence {clusters.confidence[row]:.2f}", *([note] if note else [])]
    return Card(clusters.names[row], picture(int(row)), lines)


def write_suggestion_page(
    path: Path, names: Sequence[str], points: Sequence[np.ndarray], title: str, up_axis: int
) -> None:
    """Writes a page with the clouds to label, the most valuable first.

    Args:
        path: the HTML file to write.
        names: the name of each cloud.
        points: points of each cloud.
        title: the heading.
        up_axis: the up axis of the pictures, 0 to 2.
    """
    cards = [Card(f"{place}. {name}", each) for place, (name, each) in enumerate(zip(names, points, strict=True), 1)]
    write_cards(path, title, [Section(pluralize(len(cards), "cloud"), cards)], up_axis=up_axis)


def write_duplicate_page(
    path: Path, index: Index, pairs: Sequence[DuplicatePair], conflicts: Sequence[str], title: str
) -> None:
    """Writes a page with the clouds of each pair side by side and the evidence.

    Args:
        path: the HTML file to write.
        index: the index of the pairs.
        pairs: the pairs; the first 200 are shown.
        conflicts: the labels of each pair if they differ, else empty.
        title: the heading.
    """
    sections = []
    for pair, conflict in zip(pairs[:MAX_PAIRS], conflicts, strict=False):
        cards = [
            Card(name, index_picture(index, row), marked=bool(conflict))
            for name, row in zip((pair.a, pair.b), pair.rows, strict=True)
        ]
        lines = [pair.evidence.sentence, *([f"Their labels differ: {conflict}."] if conflict else [])]
        sections.append(Section(pair.evidence.kind, cards, lines))
    more = [f"The first {MAX_PAIRS} of {len(pairs):,} pairs are shown."] if len(pairs) > MAX_PAIRS else []
    lines = ["Nothing was deleted. Distances are in diagonals of the bounding box of the first shape.", *more]
    write_cards(path, title, sections, lines, "xyz".index(index.about["up_axis"]))
