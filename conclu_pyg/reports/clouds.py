"""The clouds of a report with their embeddings, labels and points."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from itertools import groupby

import numpy as np

from conclu_pyg.data.base import PointCloudSplit
from conclu_pyg.errors import ConcluError
from conclu_pyg.inference.cloud_labels import FOLDERS, labels_of
from conclu_pyg.inference.feature_scale import feature_scale, standardise
from conclu_pyg.inference.index import Index
from conclu_pyg.io.parallel import map_files
from conclu_pyg.io.sampling import sample_file
from conclu_pyg.io.subset import subset
from conclu_pyg.progress import track
from conclu_pyg.runs.loaded_run import LoadedRun
from conclu_pyg.vis.report.page import PicturedClouds

DETAILED = 512  # points of a picture
COARSE = 96  # of a picture in a report of very many clouds
BUDGET = 1_000_000  # points of all pictures that are shown on the map alone, 4 bytes of the page each
NO_POINTS = np.empty((0, 3), np.float32)

Read = Callable[[int], Iterable[np.ndarray]]


@dataclass(frozen=True)
class ReportClouds:
    """The clouds of a report.

    Args:
        names: the name of each cloud.
        x: the pooled features.
        unit: the standardised features, of length 1.
        labels: the label of each cloud, empty where it has none; ``None`` without labels.
        kind: the kind of labels, such as ``class`` or ``folder``.
        up_axis: the up axis of the points, 0 to 2.
        read: returns at most so many points of each cloud, in order; none of a cloud that can no longer be read.
        rows: the rows of the clouds in the index or the split that they are from.
        total: the number of clouds of it.
        split: the clouds as a split; ``None`` for those of an index.

    Shapes:
        - **x, unit:** float32 ``[n, C]``, **rows:** int64 ``[n]``
    """

    names: Sequence[str]
    x: np.ndarray
    unit: np.ndarray
    labels: Sequence[str] | None
    kind: str
    up_axis: int
    read: Read
    rows: np.ndarray
    total: int
    split: PointCloudSplit | None = None

    def __len__(self) -> int:
        return len(self.names)

    @cached_property
    def number(self) -> dict[int, int]:
        """The place of each row of the index or split among these clouds."""
        return {int(row): place for place, row in enumerate(self.rows)}

    def pictures(self, detailed: Iterable[int]) -> PicturedClouds:
        """Returns points of every cloud: 512 of those that are to be shown in detail, fewer of the others, so that the
        page stays small.

        Args:
            detailed: the clouds in detail.
        """
        chosen, coarse = set(detailed), points_each(len(self))
        points = [
            subset(each, DETAILED if place in chosen else coarse) for place, each in enumerate(self.read(DETAILED))
        ]
        return PicturedClouds(self.names, points, self.up_axis)


def points_each(clouds: int) -> int:
    """Returns the number of points of a picture that is shown on the map alone, 96 to 512."""
    return int(np.clip(BUDGET // max(1, clouds), COARSE, DETAILED))


def spread(total: int, limit: int) -> np.ndarray:
    """Returns at most ``limit`` rows that are evenly spread over all, int64 ``[n]``."""
    return np.unique(np.linspace(0, total - 1, min(total, limit)).round().astype(np.int64)) if total else np.arange(0)


def clouds_of_index(index: Index, labels: str | None, limit: int, workers: int | None = None) -> ReportClouds:
    """Returns clouds of an index.

    Args:
        index: the index.
        labels: as for :func:`~conclu_pyg.inference.cloud_labels.labels_of` (default: the folders, if there are
            several).
        limit: the largest number of clouds, which are evenly spread over the index.
        workers: processes that read files (default: one for each core).

    Raises:
        DataError: the table of labels cannot be read, or names no cloud.
    """
    rows = spread(len(index.names), limit)
    found = labels_of(index.names, FOLDERS if labels is None else labels)
    if labels is None and found is not None and len({label for label in found if label}) < 2:
        found = None
    return ReportClouds(
        names=[index.names[row] for row in rows],
        x=np.asarray(index.x[rows]),
        unit=index.standardise(index.x[rows]),
        labels=None if found is None else [found[row] for row in rows],
        kind="folder" if labels in (None, FOLDERS) else "label",
        up_axis="xyz".index(index.about["up_axis"]),
        read=partial(_read_index, index, rows, workers),
        rows=rows,
        total=len(index.names),
    )


def clouds_of_split(run: LoadedRun, split: PointCloudSplit, limit: int) -> ReportClouds:
    """Returns clouds of a split of a run's data set, embedded by its encoder.

    Args:
        run: the run.
        split: the split.
        limit: the largest number of clouds, which are evenly spread over the split.

    Raises:
        ConcluError: a feature is not finite.
    """
    rows = spread(len(split), limit)
    part = split.subset(rows)
    x = run.embed(part).x
    mean, deviation = x.mean(axis=0, dtype=np.float64), x.std(axis=0, dtype=np.float64)
    unlabelled = run.dataset.labels.are_unlabelled
    return ReportClouds(
        names=[str(name) for name in part.names],
        x=x,
        unit=standardise(x, mean, feature_scale(deviation)),
        labels=None if unlabelled else [part.classes[label] for label in part.y],
        kind="class",
        up_axis=run.up_axis,
        read=lambda count: (subset(part[row].pos.numpy(), count) for row in range(len(part))),
        rows=rows,
        total=len(split),
        split=part,
    )


def _read_index(index: Index, rows: np.ndarray, workers: int | None, count: int) -> Iterable[np.ndarray]:
    """Yields points of clouds of an index; each file is read once."""
    sources = [index.sources[row] for row in rows]
    paths = [path for path, _ in groupby(file.path for file, _ in sources)]  # the clouds of a file follow one another
    read = map_files(partial(sample_file, num_points=count, blocks=index.blocks), paths, workers)
    done = iter(track(read, "reading pictures", len(paths), delay=1.0))
    known: dict[str, np.ndarray] = {}
    current = None
    for file, cloud in sources:
        if file.path != current:
            current, outcome = next(done)
            known = {} if isinstance(outcome, ConcluError) else {each.name: each.points for each in outcome.clouds}
        yield known.get(cloud, NO_POINTS)
