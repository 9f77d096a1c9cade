"""Clouds of an index that are the same shape, with the evidence for each pair."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from scipy.spatial import cKDTree

from conclu_pyg.errors import ConcluError, ConfigError
from conclu_pyg.inference.compare_files import Measured, Place, Task, clear_caches, compare_all, measure_file
from conclu_pyg.inference.index import Index
from conclu_pyg.io.parallel import map_files
from conclu_pyg.progress import track
from conclu_pyg.registration import Evidence
from conclu_pyg.registration.invariants import QUANTILES
from conclu_pyg.text import printable

CANDIDATES = 10  # of each cloud and each source
MIN_SIMILARITY = 0.5  # of candidates by embedding
MAX_DIFFERENCE = 0.06  # of the invariants of candidates; those of copies differ by up to 0.016
ALIKE = 2.0  # noise floors; copies with a part that was moved or scaled by a tenth are nearer
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
        flags = {"mirrored": self.evidence.mirrored, "shares_points": self.evidence.shares_points}
        return {**names, **figures, **flags, "similarity": round(self.similarity, 6)}


def find_duplicates(
    index: Index,
    *,
    candidates: int = CANDIDATES,
    alike: float = ALIKE,
    between: tuple[str, str] | None = None,
    workers: int | None = None,
) -> tuple[list[DuplicatePair], list[str]]:
    """Returns the pairs of clouds of an index that are the same shape, and a sentence for each problem: a file that
    can no longer be read, one that has changed, or a cloud of too few points. Pairs with points in common come first,
    then the surest kinds.

    Candidates of a cloud have nearly the same quantities that no rotation, scale or mirror changes
    (:mod:`conclu_pyg.registration.invariants`), and are among its nearest neighbours by these or by embedding. Each
    pair of candidates is registered and compared (:func:`conclu_pyg.registration.compare`). Nothing is deleted.

    Args:
        index: the index; its files are read again.
        candidates: the number of candidates of each cloud by embedding, and as many by invariants (default: 10).
        alike: pairs that are alike but not the same are returned up to this distance, in multiples of the distance of
            two samples of one surface (default: 2; 0: none of them).
        between: two patterns of names such as ``("*/test/*", "*/train/*")``: each cloud whose name matches the first
            one is compared with those that match the second one, and no others are (default: all with all).
        workers: processes that read and compare (default: one for each core).

    Raises:
        ConfigError: a pattern matches no name, or both match the same one.
    """
    sides = None if between is None else sides_of(index.names, between)
    rows = range(len(index.names)) if sides is None else sorted(map(int, np.concatenate(sides)))
    measured, problems = _measure(index, rows, workers)
    contents = {row: each.content for row, each in measured.items()}
    invariants = {row: each.invariants for row, each in measured.items() if each.invariants is not None}
    pairs = candidate_pairs(index, invariants, candidates, contents, sides)
    by_first: defaultdict[int, list[int]] = defaultdict(list)
    for a, b in pairs:
        by_first[a].append(b)
    places = {
        row: Place(index.sources[row][0].path, index.sources[row][1], each.content, index.names[row], index.blocks)
        for row, each in measured.items()
    }
    tasks = [Task(places[a], tuple(places[b] for b in others)) for a, others in by_first.items()]
    found = []
    compared = track(
        map_files(partial(compare_all, alike=alike), tasks, workers),
        "comparing shapes with their candidates",
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
    found.sort(
        key=lambda pair: (
            not pair.evidence.shares_points,
            order[pair.evidence.kind],
            pair.evidence.distance,
            pair.rows,
        )
    )
    return found, problems


def sides_of(names: Sequence[str], patterns: tuple[str, str]) -> tuple[np.ndarray, np.ndarray]:
    """Returns the rows of the names that each of two patterns matches.

    Args:
        names: the names of the clouds.
        patterns: as of a shell, but ``*`` matches ``/`` too; letter case counts.

    Raises:
        ConfigError: a pattern matches no name, or both match the same one.
    """
    first, second = (np.flatnonzero([fnmatchcase(name, pattern) for name in names]) for pattern in patterns)
    for pattern, rows in zip(patterns, (first, second), strict=True):
        if not len(rows):
            raise ConfigError(
                f"between: the pattern {pattern!r} matches no cloud; expected one for names such as "
                f"{printable(names[0]) if names else '(the index is empty)'}, in which * matches / too.",
                argument="between",
                got=pattern,
            )
    if len(both := np.intersect1d(first, second)):
        raise ConfigError(
            f"between: both patterns match {printable(names[both[0]])} ({len(both):,} in all); expected patterns that "
            "have no cloud in common.",
            argument="between",
            got=patterns,
        )
    return first, second


def candidate_pairs(
    index: Index,
    invariants: Mapping[int, np.ndarray],
    candidates: int,
    contents: Mapping[int, str],
    sides: tuple[np.ndarray, np.ndarray] | None = None,
) -> list[tuple[int, int]]:
    """Returns the pairs of clouds that are worth a comparison, sorted, each as rows in ascending order or, with sides,
    in theirs.

    Args:
        index: the index.
        invariants: those of clouds by row, float64 ``[28]``; a cloud without them has copies of its file alone.
        candidates: the number of candidates of each cloud and each source.
        contents: a hash of each cloud's file by row. Of copies, the first one is searched with; each of the others is
            paired with the first one, and with the first of each content that is near; with sides, with those of the
            other side alone.
        sides: the rows to find copies of, and the rows to find them among (default: all with all).
    """
    everything = np.array(sorted(contents), np.int64)
    mine, theirs = (_copies(contents, map(int, side)) for side in sides or (everything, everything))
    # One cloud of each content: many copies of one would otherwise be all candidates of another.
    firsts = [np.array(sorted(group[0] for group in side.values()), np.int64) for side in (mine, theirs)]
    measured = np.array(sorted(invariants), np.int64)
    near = _near_pairs(index, invariants, candidates, *(np.intersect1d(side, measured) for side in firsts))
    matched = {(contents[a], contents[b]) for a, b in near} | {(each, each) for each in mine.keys() & theirs.keys()}
    pairs = {(row, theirs[b][0]) for a, b in matched for row in mine[a]}
    pairs |= {(mine[a][0], row) for a, b in matched for row in theirs[b]}
    if sides is None:
        pairs = {(min(pair), max(pair)) for pair in pairs}
    return sorted((a, b) for a, b in pairs if a != b)


def _copies(contents: Mapping[int, str], rows: Iterable[int]) -> dict[str, list[int]]:
    """Returns the rows of each content, in their order."""
    copies = defaultdict[str, list[int]](list)
    for row in rows:
        if row in contents:
            copies[contents[row]].append(row)
    return dict(copies)


def _near_pairs(
    index: Index, invariants: Mapping[int, np.ndarray], candidates: int, rows: np.ndarray, pool: np.ndarray
) -> set[tuple[int, int]]:
    """Returns pairs of one of the rows and one of the pool whose invariants agree, near by embedding or by these."""
    found: set[tuple[int, int]] = set()
    if not len(rows) or not len(pool):
        return found
    spreads, radii = np.split(np.stack([invariants[int(row)] for row in rows]), [3], axis=1)
    pool_spreads, pool_radii = np.split(np.stack([invariants[int(row)] for row in pool]), [3], axis=1)

    def add(place: int, others: np.ndarray) -> None:
        """Adds the first of the others, places in the pool, that could be copies."""
        spread = np.abs(pool_spreads[others] - spreads[place]).max(axis=1)
        others = others[(spread <= MAX_DIFFERENCE) & (pool[others] != rows[place])]
        others = others[np.abs(pool_radii[others] - radii[place]).mean(axis=1) <= MAX_DIFFERENCE]
        found.update((int(rows[place]), int(pool[other])) for other in others[:candidates])

    # More than the candidates, because some are left out, and one for the cloud itself.
    unit, pool_unit, count = index.unit[rows], index.unit[pool], min(4 * candidates + 1, len(pool))
    block = max(1, BLOCK_NUMBERS // len(pool))
    for start in range(0, len(rows), block):
        similarity = unit[start : start + block] @ pool_unit.T
        best = np.argpartition(-similarity, count - 1, axis=1)[:, :count]
        for place, others in enumerate(best):
            others = others[np.argsort(-similarity[place, others], kind="stable")]
            add(start + place, others[similarity[place, others] >= MIN_SIMILARITY])
    # The city-block distance of the quantiles is their mean difference times their number.
    tree, farthest = cKDTree(pool_radii), MAX_DIFFERENCE * len(QUANTILES)
    _, near = tree.query(radii, k=range(1, count + 1), p=1, distance_upper_bound=farthest)
    for place, others in enumerate(near):
        add(place, others[others < len(pool)])
    return found


def _measure(index: Index, chosen: Iterable[int], workers: int | None) -> tuple[dict[int, Measured], list[str]]:
    """Returns each of the chosen clouds that can be read, by row, and a sentence for each problem."""
    sources = {row: index.sources[row] for row in chosen}
    rows = {(file.path, cloud): row for row, (file, cloud) in sources.items()}
    paths = list(dict.fromkeys(path for path, _ in rows))
    measured, problems = dict[int, Measured](), list[str]()
    unread, changed = set[Path](), set[Path]()
    for path, outcome in track(
        map_files(partial(measure_file, blocks=index.blocks), paths, workers),
        "measuring shapes",
        len(paths),
        delay=1.0,
    ):
        if isinstance(outcome, ConcluError):
            problems.append(str(outcome))
            unread.add(path)
            continue
        for cloud, each in outcome.items():
            if (row := rows.get((path, cloud))) is None:
                continue
            measured[row] = each
            if each.content.partition(":")[0] != index.sources[row][0].sha256:
                changed.add(path)
            if each.invariants is None:
                problems.append(f"{index.names[row]} has too few different points; only its copies were looked for.")
    problems += [f"{path} has changed since it was indexed; update the index." for path in paths if path in changed]
    gone = [row for row, (file, _) in sources.items() if row not in measured and file.path not in unread]
    problems += [f"{index.names[row]} is no longer in its file; update the index." for row in gone]
    return measured, problems


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
