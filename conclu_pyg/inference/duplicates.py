"""Clouds of an index that are the same shape, with the evidence for each pair."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from scipy.spatial import cKDTree

from conclu_pyg.errors import ConcluError, DataError
from conclu_pyg.inference.index import Index
from conclu_pyg.io.blocks import Blocks
from conclu_pyg.io.parallel import map_files
from conclu_pyg.io.sampling import SampledCloud, SampledFile, sample_file
from conclu_pyg.progress import track
from conclu_pyg.registration import Evidence, Shape, compare
from conclu_pyg.registration.evidence import identical
from conclu_pyg.registration.invariants import QUANTILES
from conclu_pyg.text import printable

POINTS = 8192  # of a shape, for which the thresholds of the evidence hold
CANDIDATES = 10  # of each cloud and each source
MIN_SIMILARITY = 0.5  # of candidates by embedding
MAX_DIFFERENCE = 0.06  # of the invariants of candidates; those of copies differ by up to 0.016
ALIKE = 2.0  # noise floors; copies with a part that was moved or scaled by a tenth are nearer
SHAPES_KEPT, FILES_KEPT = 64, 2  # by a process that compares; a file may hold many clouds
BLOCK_NUMBERS = 1 << 24  # similarities at once, 64 MB
FIGURES = ("distance", "worst", "noise", "scale", "rotation_degrees")  # of the evidence
KINDS = ("identical", "resampled", "moved", "rotated", "rescaled", "mirrored", "similar")


@dataclass(frozen=True)
class DuplicatePair:
    """Two clouds of an index that are one shape, or alike.

    Attributes:
        a, b: the names of the clouds.
        similarity: of their embeddings.
        evidence: the geometric evidence.
        rows: of the clouds in the index.
    """

    a: str
    b: str
    similarity: float
    evidence: Evidence
    rows: tuple[int, int]

    def as_dict(self) -> dict[str, Any]:
        """Returns plain values for JSON."""
        found = {name: float(getattr(self.evidence, name)) for name in FIGURES}
        figures = {name: None if np.isnan(value) else round(value, 6) for name, value in found.items()}
        names = {"a": printable(self.a), "b": printable(self.b), "kind": self.evidence.kind}
        return {**names, **figures, "mirrored": self.evidence.mirrored, "similarity": round(self.similarity, 6)}


def find_duplicates(
    index: Index, *, candidates: int = CANDIDATES, alike: float = ALIKE, workers: int | None = None
) -> tuple[list[DuplicatePair], list[str]]:
    """Returns the pairs of clouds of an index that are the same shape, the surest kinds first, and a sentence for each
    problem: a file that can no longer be read, one that has changed, or a cloud of too few points.

    Candidates of a cloud have nearly the same quantities that no rotation, scale or mirror changes
    (:mod:`conclu_pyg.registration.invariants`), and are among its nearest neighbours by these or by embedding. Each
    pair of candidates is registered and compared (:func:`conclu_pyg.registration.compare`). Nothing is deleted.

    Args:
        index: the index; its files are read again.
        candidates: the number of candidates of each cloud by embedding, and as many by invariants (default: 10).
        alike: pairs that are alike but not the same are returned up to this distance, in multiples of the distance of
            two samples of one surface (default: 2; 0: none of them).
        workers: processes that read and compare (default: one for each core).
    """
    measured, problems = _measure(index, workers)
    contents = {row: each.content for row, each in measured.items()}
    invariants = {row: each.invariants for row, each in measured.items() if each.invariants is not None}
    pairs = candidate_pairs(index, invariants, candidates, contents)
    by_first: defaultdict[int, list[int]] = defaultdict(list)
    for a, b in pairs:
        by_first[a].append(b)
    places = {
        row: _Place(index.sources[row][0].path, index.sources[row][1], each.content, index.names[row], index.blocks)
        for row, each in measured.items()
    }
    tasks = [_Task(places[a], tuple(places[b] for b in others)) for a, others in by_first.items()]
    found = []
    compared = track(
        map_files(partial(_compare_all, alike=alike), tasks, workers),
        "comparing pairs of shapes",
        len(tasks),
        delay=1.0,
    )
    for (a, others), (_, outcome) in zip(by_first.items(), compared, strict=True):
        if isinstance(outcome, ConcluError):
            problems.append(str(outcome))
            continue
        for b, evidence in zip(others, outcome, strict=True):
            if evidence is None:
                problems.append(f"{index.names[a]} or {index.names[b]} has changed while it was compared.")
            elif evidence.same or (evidence.kind == "similar" and evidence.distance <= alike * evidence.noise):
                cosine = float(index.unit[a] @ index.unit[b])
                found.append(DuplicatePair(index.names[a], index.names[b], cosine, evidence, (a, b)))
    clear_caches()
    order = {kind: place for place, kind in enumerate(KINDS)}
    found.sort(key=lambda pair: (order[pair.evidence.kind], pair.evidence.distance, pair.rows))
    return found, problems


def candidate_pairs(
    index: Index, invariants: Mapping[int, np.ndarray], candidates: int, contents: Mapping[int, str]
) -> list[tuple[int, int]]:
    """Returns the pairs of clouds that are worth a comparison, as rows in ascending order.

    Args:
        index: the index.
        invariants: those of clouds by row, float64 ``[28]``; a cloud without them has copies of its file alone.
        candidates: the number of candidates of each cloud and each source.
        contents: a hash of each cloud's file by row: each copy is paired with the first one, and with no other.
    """
    copies = defaultdict[str, list[int]](list)
    for row in sorted(contents):
        copies[contents[row]].append(row)
    pairs = [(first, other) for first, *others in copies.values() for other in others]
    near = _near_pairs(index, invariants, candidates) if len(invariants) > 1 else set()
    return sorted([*pairs, *((a, b) for a, b in near if contents[a] != contents[b])])


def _near_pairs(index: Index, invariants: Mapping[int, np.ndarray], candidates: int) -> set[tuple[int, int]]:
    """Returns pairs whose invariants agree, near by embedding or by invariants."""
    rows = np.array(sorted(invariants), np.int64)
    found: set[tuple[int, int]] = set()
    spreads, radii = np.split(np.stack([invariants[int(row)] for row in rows]), [3], axis=1)

    def keep(place: int, others: np.ndarray) -> np.ndarray:
        """Returns the others that could be copies, in their order."""
        spread = np.abs(spreads[others] - spreads[place]).max(axis=1)
        others = others[(spread <= MAX_DIFFERENCE) & (others != place)]
        return others[np.abs(radii[others] - radii[place]).mean(axis=1) <= MAX_DIFFERENCE]

    unit, count = index.unit[rows], min(4 * candidates, len(rows) - 1)
    block = max(1, BLOCK_NUMBERS // len(rows))
    for start in range(0, len(rows), block):
        similarity = unit[start : start + block] @ unit.T
        own = np.arange(len(similarity))
        similarity[own, start + own] = -np.inf
        best = np.argpartition(-similarity, count - 1, axis=1)[:, :count]
        for place, others in enumerate(best):
            others = others[np.argsort(-similarity[place, others], kind="stable")]
            others = keep(start + place, others[similarity[place, others] >= MIN_SIMILARITY])
            found |= {_ordered(rows[start + place], rows[other]) for other in others[:candidates]}
    # The city-block distance of the quantiles is their mean difference times their number.
    _, near = cKDTree(radii).query(radii, k=count + 1, p=1, distance_upper_bound=MAX_DIFFERENCE * len(QUANTILES))
    for place, others in enumerate(near):
        others = keep(place, others[others < len(rows)])[:candidates]
        found |= {_ordered(rows[place], rows[other]) for other in others}
    return found


def _ordered(a: np.int64, b: np.int64) -> tuple[int, int]:
    return (int(min(a, b)), int(max(a, b)))


class _Measured(NamedTuple):
    """A cloud as its file has it now.

    Attributes:
        content: a hash of the file and of the cloud's name in it.
        invariants: float64 ``[28]``; ``None`` for a cloud of too few points for a comparison.
    """

    content: str
    invariants: np.ndarray | None


def _measure(index: Index, workers: int | None) -> tuple[dict[int, _Measured], list[str]]:
    """Returns each cloud that can be read, by row, and a sentence for each problem."""
    rows = {(file.path, cloud): row for row, (file, cloud) in enumerate(index.sources)}
    paths = list(dict.fromkeys(path for path, _ in rows))
    measured, problems = dict[int, _Measured](), list[str]()
    for path, outcome in track(
        map_files(partial(_measure_file, blocks=index.blocks), paths, workers),
        "measuring shapes",
        len(paths),
        delay=1.0,
    ):
        if isinstance(outcome, ConcluError):
            problems.append(str(outcome))
            continue
        for cloud, each in outcome.items():
            if (row := rows.get((path, cloud))) is None:
                continue
            measured[row] = each
            if each.content.partition(":")[0] != index.sources[row][0].sha256:
                problems.append(f"{path} has changed since it was indexed; update the index.")
            if each.invariants is None:
                problems.append(f"{index.names[row]} has too few different points; only its copies were looked for.")
    return measured, problems


def _measure_file(path: Path, blocks: Blocks | None) -> dict[str, _Measured]:
    """Returns the clouds of a file by their names in it."""
    file = sample_file(path, POINTS, blocks=blocks)
    return {cloud.name: _Measured(f"{file.sha256}:{cloud.name}", _invariants(cloud)) for cloud in file.clouds}


def _invariants(cloud: SampledCloud) -> np.ndarray | None:
    try:
        found = Shape(cloud.points).invariants
    except DataError:  # too few different points
        return None
    return np.concatenate([np.sqrt(found.moments.clip(0)), found.radii])


class _Place(NamedTuple):
    path: Path
    cloud: str
    content: str
    name: str
    blocks: Blocks | None


class _Task(NamedTuple):
    """A cloud and those that it is compared with."""

    first: _Place
    others: tuple[_Place, ...]

    def __str__(self) -> str:
        return str(self.first.path)


def _compare_all(task: _Task, alike: float) -> list[Evidence | None]:
    """Returns the evidence for each pair; ``None`` where a file has changed since it was measured."""
    return [_compare(task.first, other, alike) for other in task.others]


def _compare(a: _Place, b: _Place, alike: float) -> Evidence | None:
    if a.content == b.content:
        return identical(printable(a.name), printable(b.name))
    first, second = _read_shape(a), _read_shape(b)
    return None if first is None or second is None else compare(first, second, alike=alike)


@lru_cache(SHAPES_KEPT)
def _read_shape(place: _Place) -> Shape | None:
    """Returns the points of a cloud in the coordinates of its file; ``None`` if the file has changed."""
    file = _read_file(place.path, place.content.partition(":")[0], place.blocks)
    for cloud in file.clouds:
        if f"{file.sha256}:{cloud.name}" == place.content:
            points = cloud.points.astype(np.float64)
            points = points if cloud.offset is None else points + cloud.offset
            return Shape(points, printable(place.name), place.content, is_complete=0 < cloud.size <= POINTS)
    return None


@lru_cache(FILES_KEPT)
def _read_file(path: Path, sha256: str, blocks: Blocks | None) -> SampledFile:
    return sample_file(path, POINTS, blocks=blocks)


def clear_caches() -> None:
    """Releases the clouds that this process has read; others end."""
    _read_shape.cache_clear()
    _read_file.cache_clear()


def groups_of(pairs: Sequence[DuplicatePair]) -> list[list[int]]:
    """Returns the rows of clouds that are one shape, directly or over others, the largest groups first."""
    parent: dict[int, int] = {}

    def root(row: int) -> int:
        while parent.setdefault(row, row) != row:
            row = parent[row]
        return row

    for pair in pairs:
        if pair.evidence.same:
            a, b = map(root, pair.rows)
            parent[max(a, b)] = min(a, b)
    groups = defaultdict[int, list[int]](list)
    for row in sorted(parent):
        groups[root(row)].append(row)
    return sorted(groups.values(), key=lambda rows: (-len(rows), rows))
