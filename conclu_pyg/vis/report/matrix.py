"""Confusion matrices as tables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from conclu_pyg.vis.report.blocks import StaticBlock
from conclu_pyg.vis.report.text import escape

MAX_LABELS = 60
SHADE = "31, 119, 180"  # of a cell, more opaque for a higher share


@dataclass(frozen=True)
class Matrix(StaticBlock):
    """Counts of pairs of labels, as shares of the rows. Only labels that occur are shown, at most the 60 most frequent.

    Args:
        title: the caption.
        names: the name of each label.
        counts: how often each label (row) goes with each other (column).

    Shapes:
        - **counts:** ``[labels, labels]``
    """

    title: str
    names: Sequence[str]
    counts: np.ndarray

    def html(self) -> str:
        total = self.counts.sum(axis=0) + self.counts.sum(axis=1)
        occurring = np.flatnonzero(total)
        shown = np.sort(occurring[np.argsort(-total[occurring], kind="stable")][:MAX_LABELS])
        left_out = len(occurring) - len(shown)
        counts = self.counts[np.ix_(shown, shown)]
        share = counts / np.maximum(self.counts[shown].sum(axis=1, keepdims=True), 1)
        names = [escape(self.names[label]) for label in shown]
        head = "".join(f'<th scope="col">{name}</th>' for name in names)
        rows = "".join(
            f'<tr><th scope="row">{name}</th>{"".join(map(_cell, line, own))}</tr>'
            for name, line, own in zip(names, counts, share, strict=True)
        )
        more = f"; {left_out} rarer labels are left out" if left_out else ""
        title = escape(f"{self.title}; in percent of the row{more}")
        return (
            f'<div class="scroll" tabindex="0" role="region" aria-label="{title}"><table class="matrix">'
            f'<caption>{title}</caption><thead><tr><th scope="col">label</th>{head}</tr></thead><tbody>{rows}</tbody>'
            "</table></div>"
        )


def _cell(count: int, share: float) -> str:
    if not count:
        return "<td></td>"
    return f'<td style="background:rgba({SHADE},{0.75 * share:.2f})" title="{count:d}">{100 * share:.0f}</td>'
