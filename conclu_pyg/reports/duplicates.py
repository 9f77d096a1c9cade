"""Pairs of clouds that are the same shape, in a report."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from conclu_pyg.inference.compare_files import POINTS
from conclu_pyg.inference.duplicates import find_duplicates
from conclu_pyg.inference.feature_scale import feature_scale
from conclu_pyg.inference.index import Index, IndexedFile
from conclu_pyg.reports.clouds import ReportClouds
from conclu_pyg.text import pluralize
from conclu_pyg.vis.report.blocks import Block, Cards, CloudCard, Listing
from conclu_pyg.vis.report.page import Section

MAX_PAIRS = 100
MAX_SIMILAR = 20  # of these, pairs that are alike but not the same, of which there may be very many
MAX_PROBLEMS = 20


@dataclass(frozen=True)
class _SplitIndex(Index):
    """An index of clouds that have the names of their split, not those of their files."""

    split_names: Sequence[str] = ()

    @cached_property
    def names(self) -> list[str]:
        return list(self.split_names)


def duplicates_section(index: Index, clouds: ReportClouds, workers: int | None) -> Section:
    """Returns the pairs of clouds of an index that are the same shape, with the evidence.

    Args:
        index: the index.
        clouds: those of the report, with the rows of the index.
        workers: processes that read and compare (default: one for each core).
    """
    return _section(index, clouds, [clouds.number.get(row) for row in range(len(index.names))], workers)


def split_duplicates_section(clouds: ReportClouds, workers: int | None) -> Section:
    """Returns the pairs among the clouds of a split that are the same shape, as training sees them.

    Args:
        clouds: those of the report.
        workers: processes that read and compare (default: one for each core).
    """
    with tempfile.TemporaryDirectory() as folder:  # worker processes read files
        section = _section(_index_of(clouds, Path(folder)), clouds, range(len(clouds)), workers)
    return Section(section.title, section.blocks, [*section.lines, "The clouds are compared as training sees them."])


def _index_of(clouds: ReportClouds, folder: Path) -> Index:
    files = []
    for place, points in enumerate(clouds.read(POINTS)):
        path = folder / f"{place}.npy"
        np.save(path, np.asarray(points, np.float32))
        status, digest = path.stat(), hashlib.sha256(path.read_bytes()).hexdigest()
        files.append(IndexedFile(str(folder), path.name, status.st_size, status.st_mtime_ns, digest, ("",)))
    x = np.asarray(clouds.x)
    mean, deviation = x.mean(axis=0, dtype=np.float64), x.std(axis=0, dtype=np.float64)
    about = {"block_size": None, "up_axis": "xyz"[clouds.up_axis]}
    return _SplitIndex(folder, about, files, x, mean, feature_scale(deviation), split_names=clouds.names)


def _section(index: Index, clouds: ReportClouds, places: Sequence[int | None], workers: int | None) -> Section:
    """Returns the section; the places are those of the rows of the index among the clouds of the report."""
    pairs, problems = find_duplicates(index, workers=workers)
    blocks: list[Block] = []
    similar = [pair for pair in pairs if not pair.evidence.same]
    for pair in [*(pair for pair in pairs if pair.evidence.same), *similar[:MAX_SIMILAR]]:
        rows = [place for row in pair.rows if (place := places[row]) is not None]
        if len(rows) < 2 or len(blocks) == MAX_PAIRS:
            continue
        labels = [] if clouds.labels is None else [clouds.labels[row] for row in rows]
        differ = len({label for label in labels if label}) > 1
        cards = [CloudCard(row, clouds.names[row], labels[place : place + 1], differ) for place, row in enumerate(rows)]
        lines = [pair.evidence.sentence, *([f"Their labels differ: {' and '.join(labels)}."] if differ else [])]
        blocks.append(Cards(pair.evidence.kind, cards, lines))
    counts = np.unique([pair.evidence.kind for pair in pairs], return_counts=True)
    kinds = ", ".join(f"{count:,} {kind}" for kind, count in zip(*counts, strict=True)) or "none"
    lines = [
        f"{pluralize(len(pairs), 'pair')}: {kinds}. Nothing was deleted. Distances are in diagonals of the bounding "
        "box of the first shape."
    ]
    lines += [f"{len(blocks):,} of them are shown."] if len(blocks) < len(pairs) else []
    return Section("Duplicates", [*blocks, *([Listing(problems[:MAX_PROBLEMS])] if problems else [])], lines)
