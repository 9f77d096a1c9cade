"""Options of reports."""

from __future__ import annotations

from dataclasses import dataclass

from conclu_pyg.vis.report.cloud_map import check_number

MAX_CLOUDS = 10_000  # of an index or a folder
MAX_SPLIT_CLOUDS = 1_000  # of a run, whose encoder embeds them for the report
MAX_CLOUDS_AFTER_TRAINING = 200


@dataclass(frozen=True)
class ReportOptions:
    """Options of a report.

    Args:
        title: the heading (default: ``Report of`` and the name).
        labels: of an index: ``folders``, or a table with the columns ``file`` and ``class`` (default: the folders, if
            there are several). A run has the labels of its data set.
        k: the number of clusters (default: the square root of half the number of clouds, 2 to 50).
        clouds: the largest number of clouds, evenly spread, at most 20,000 (default: 10,000 of an index, 1,000 of a
            run's split).
        with_tsne: whether the map has a layout by t-SNE too (default: no).
        with_duplicates: whether to search for duplicates among the clouds, which takes long for many (default: no).
        workers: processes that read files and compare clouds (default: one for each core).

    Raises:
        ArgumentError: the number of clouds is not from 1 to 20,000.
    """

    title: str | None = None
    labels: str | None = None
    k: int | None = None
    clouds: int | None = None
    with_tsne: bool = False
    with_duplicates: bool = False
    workers: int | None = None

    def __post_init__(self) -> None:
        if self.clouds is not None:
            check_number(self.clouds)
