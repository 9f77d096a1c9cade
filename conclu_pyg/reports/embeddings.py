"""The sections about embeddings that runs and indices have in common."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import torch

from conclu_pyg.methods.diagnostics import feature_metrics, judge
from conclu_pyg.pipelines.pretraining import MEASURED, MIN_MEASURED
from conclu_pyg.reports.clouds import ReportClouds, spread
from conclu_pyg.reports.embedding_map import Neighbours, embedding_map, nearest_neighbours
from conclu_pyg.reports.groups import Groups
from conclu_pyg.reports.health import health_table
from conclu_pyg.reports.outline import Outline
from conclu_pyg.reports.retrieval import retrieval_section
from conclu_pyg.text import pluralize
from conclu_pyg.vis.report.page import Section


@dataclass(frozen=True)
class EmbeddingSections:
    """Adds the sections about embeddings to a report.

    Args:
        outline: the report.
        clouds: its clouds, at least one.
        what: the origin of the clouds, such as ``clouds of the index``.
        with_tsne: whether the map has a layout by t-SNE too (default: no).
    """

    outline: Outline
    clouds: ReportClouds
    what: str
    with_tsne: bool = False

    def add(self, groups: list[Groups]) -> None:
        """Adds the map, the spread of the features, a gallery of each kind of groups, and retrieval.

        Args:
            groups: kinds of groups, such as prototypes.
        """
        neighbours = nearest_neighbours(self.clouds.unit)
        self.outline.add(self.outline.attempt("map", partial(self._map, neighbours, groups)))
        for each in groups:
            self.outline.add(_gallery(each, self.clouds))
        if len(self.clouds) > 1:
            self.outline.add(retrieval_section(self.clouds, neighbours))
        if len(self.clouds) >= MIN_MEASURED:
            self.outline.add(self._features())

    def _map(self, neighbours: Neighbours, groups: list[Groups]) -> Section:
        colourings = [each.colouring() for each in groups]
        found = embedding_map(self.clouds, neighbours, colourings, self.with_tsne)
        shown, total = len(self.clouds), self.clouds.total
        number = pluralize(shown, "cloud")
        every = f"All {number}" if total > 1 else "The only cloud"
        which = every if shown == total else f"{number}, evenly spread over {total:,},"
        lines = [
            f"{which} {self.what}. Similar clouds are near each other, as far as a plane can show it; neighbours are "
            "computed from whole embeddings. The distance to them is in units in which 95 % of the clouds are below 1."
        ]
        return Section("Map of the embeddings", [found], lines)

    def _features(self) -> Section:
        metrics = feature_metrics(torch.from_numpy(self.clouds.x[spread(len(self.clouds), MEASURED)]))
        lines = [f"Measured on the embeddings of {MEASURED} clouds at most."]
        return Section("Spread of the embeddings", [health_table(judge(metrics))], lines)


def _gallery(groups: Groups, clouds: ReportClouds) -> Section:
    lines = list(groups.lines)
    if groups.empty:
        numbers = ", ".join(map(str, groups.empty))
        lines.append(f"{pluralize(len(groups.empty), groups.kind)} without clouds here: {numbers}.")
    return Section(f"{groups.kind.capitalize()}s", groups.gallery(clouds), lines)
