"""Significance of differences between rows over seeds.

Pairs of rows are compared by a paired t-test over seeds, with the correction of Holm (1979) for several rows. All rows
together are compared by Friedman's test and, for pairs, by Nemenyi's, as Demšar (2006) describes them: a seed is a
block whose rows are ranked.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import friedmanchisquare, rankdata, studentized_range, ttest_rel

MIN_SEEDS, MIN_ROWS = 3, 3
LEVEL = 0.05


@dataclass(frozen=True)
class Comparison:
    """A row against the reference.

    Attributes:
        row: its label.
        reference: the label of the reference.
        difference: mean of the row minus the reference, in percentage points.
        p: of the paired t-test, two-sided, 1 for equal values; NaN for a constant difference other than 0, where the
            test is not defined.
        p_holm: with the correction for all rows that have a p.
    """

    row: str
    reference: str
    difference: float
    p: float
    p_holm: float


@dataclass(frozen=True)
class Ranking:
    """All rows together.

    Attributes:
        rows: their labels.
        mean_ranks: of each row over the seeds, 1 for the best.
        p: of Friedman's test that all rows are equal.
        critical_difference: of mean ranks, from which on Nemenyi's test calls two rows different at 5 %.
        seeds: the number of blocks.
    """

    rows: tuple[str, ...]
    mean_ranks: tuple[float, ...]
    p: float
    critical_difference: float
    seeds: int


def compare_with(reference: str, values: Mapping[str, Sequence[float]]) -> list[Comparison]:
    """Return the comparison of each row with the reference; none if there are fewer than three seeds.

    Args:
        reference: the label of the reference.
        values: of each row, in the same order of seeds; rows with other numbers of seeds than the reference are left
            out.
    """
    own = np.asarray(values.get(reference, ()), float)
    if len(own) < MIN_SEEDS:
        return []
    rows = {row: np.asarray(x, float) for row, x in values.items() if row != reference and len(x) == len(own)}
    p = np.array([_paired_p(x, own) for x in rows.values()])
    corrected = np.full(len(p), np.nan)
    corrected[~np.isnan(p)] = holm(p[~np.isnan(p)])
    return [
        Comparison(row, reference, float(np.mean(x - own)), before, after)
        for (row, x), before, after in zip(rows.items(), p.tolist(), corrected.tolist(), strict=True)
    ]


def _paired_p(x: np.ndarray, y: np.ndarray) -> float:
    if np.ptp(x - y) == 0:  # where the t statistic is 0 / 0, or infinite
        return 1.0 if np.all(x == y) else math.nan
    return float(ttest_rel(x, y).pvalue)


def holm(p: Sequence[float] | np.ndarray) -> list[float]:
    """Return the p-values with the correction of Holm: the i-th smallest of m times m - i + 1, at least those before it
    and at most 1."""
    order = np.argsort(p, kind="stable")
    scaled = np.asarray(p, float)[order] * np.arange(len(p), 0, -1)
    adjusted = np.empty(len(p))
    adjusted[order] = np.minimum(np.maximum.accumulate(scaled), 1.0)
    return adjusted.tolist()


def rank_rows(values: Mapping[str, Sequence[float]]) -> Ranking | None:
    """Return the ranks of all rows with the most seeds; ``None`` if there are fewer than three of them, or of seeds.

    Args:
        values: of each row, in the same order of seeds; higher is better.
    """
    most = max(map(len, values.values()), default=0)
    rows = {row: x for row, x in values.items() if len(x) == most}
    if most < MIN_SEEDS or len(rows) < MIN_ROWS:
        return None
    table = np.asarray(list(rows.values()), float)  # (rows, seeds)
    ranks = rankdata(-table, axis=0).mean(axis=1)
    is_tied = np.ptp(table, axis=0).max() == 0  # all rows equal in each seed: Friedman's statistic is 0 / 0
    p = 1.0 if is_tied else float(friedmanchisquare(*table).pvalue)
    return Ranking(tuple(rows), tuple(ranks.tolist()), p, critical_difference(len(rows), most), most)


def critical_difference(rows: int, seeds: int) -> float:
    """Return the smallest difference of mean ranks that Nemenyi's test calls significant at 5 %."""
    q = studentized_range.ppf(1 - LEVEL, rows, np.inf) / math.sqrt(2)
    return float(q * math.sqrt(rows * (rows + 1) / (6 * seeds)))
