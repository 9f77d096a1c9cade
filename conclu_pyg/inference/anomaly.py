"""Anomalies among clouds: scores relative to those of normal clouds."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np

from conclu_pyg.errors import ConcluError, DataError
from conclu_pyg.groups import groups_of
from conclu_pyg.inference.embed import cloud_name, reference_statistics
from conclu_pyg.inference.inputs import Inputs
from conclu_pyg.inference.local_features import BATCH_SIZE, CloudFeatures, cloud_features
from conclu_pyg.inference.normal_memory import Distances, NormalMemory
from conclu_pyg.io.parallel import map_files
from conclu_pyg.io.sampling import sample_file
from conclu_pyg.progress import track
from conclu_pyg.runs.frozen_encoder import Axis, FrozenEncoder
from conclu_pyg.text import pluralize

QUANTILE = 0.95  # of the leave-one-out scores of normal clouds: the threshold
OWN_STATISTICS = 20  # normal clouds from which on their own statistics replace those of built-in shapes
CALIBRATION_CLOUDS = 256  # normal clouds that are scored for the threshold
FEW = 20  # normal clouds below which the quantile is about their highest score
SMALLEST = 1e-6  # threshold, where normal clouds are the same up to rounding

Unusable = Callable[[str], None]


class NewCloud(NamedTuple):
    """A cloud of a file.

    Attributes:
        name: the file relative to the folder that was given, and behind ``:`` the cloud's name in a file of several.
        path: the file.
        points: the points that the encoder takes.
        offset: the vector that was subtracted from every point of the file, or ``None``.
        key: the same for copies of the cloud in files with the same bytes.

    Shapes:
        - **points:** float32 ``[m, 3]``, **offset:** float64 ``[3]``
    """

    name: str
    path: Path
    points: np.ndarray
    offset: np.ndarray | None = None
    key: tuple[str, str] = ("", "")


@dataclass(frozen=True)
class Scores:
    """The scores of a cloud, relative to normal ones: 1 is the 95th percentile of the leave-one-out scores of these.

    Attributes:
        score: the combined score, by which a cloud is an anomaly if it is above 1.
        whole: by the distance of the pooled features to those of the nearest normal clouds.
        local: the mean of the highest 1 % of ``points``.
        points: by the distance of the local feature of each point to the nearest normal one, in the unit of ``local``.

    Shapes:
        - **points:** float32 ``[m]``
    """

    score: float
    whole: float
    local: float
    points: np.ndarray

    @property
    def anomalous(self) -> bool:
        return self.score > 1


class AnomalyDetector:
    """Scores clouds relative to normal ones. The clouds must have the orientation of the normal ones: nothing is
    registered.

    Args:
        encoder: the encoder, on its device.
        points: the coordinates of each normal cloud.
        keys: an identifier of each normal cloud, equal for copies of one cloud, of which the first is used (default:
            all different).
        up_axis: the coordinate that points up in all clouds (default: as in the data set of the encoder's training).
        seed: of the choice of local features (default: 0).
        statistics: the mean and the standard deviation of each pooled feature (default: those of the normal clouds, or
            with fewer than 20 those of built-in shapes).

    Attributes:
        memory: the features of the normal clouds.
        warnings: sentences about a threshold that is not to be relied on.

    Shapes:
        - **points:** ``[m, 3]`` each, **statistics:** ``[C]`` each

    Raises:
        DataError: there are fewer than two different normal clouds, or one of them cannot be embedded.
        ConcluError: a feature is not finite.
    """

    def __init__(
        self,
        encoder: FrozenEncoder,
        points: Sequence[np.ndarray],
        keys: Sequence[tuple[str, str]] | None = None,
        up_axis: Axis | None = None,
        seed: int = 0,
        statistics: tuple[np.ndarray, np.ndarray] | None = None,
    ) -> None:
        self.encoder, self.up_axis = encoder, up_axis
        keys = [("", str(row)) for row in range(len(points))] if keys is None else keys
        first: dict[tuple[str, str], int] = {}  # further copies of a cloud are left out
        for row, key in enumerate(keys):
            first.setdefault(key, row)
        keys, points = list(first), [points[row] for row in first.values()]
        self._rows = {key: row for row, key in enumerate(keys)}
        if len(keys) < 2:
            raise DataError(
                f"expected at least 2 different normal clouds, got {len(keys)}; add normal clouds.",
                argument="normal",
                got=len(keys),
            )
        if statistics is None and len(points) < OWN_STATISTICS:
            statistics = reference_statistics(encoder)
        found = track(self._features(points), "remembering normal clouds", len(points), delay=1.0)
        self.memory = NormalMemory.of(found, len(points), statistics, seed)
        self._thresholds = self._calibrate(points, keys)
        self.warnings = _warnings(len(keys))

    def score(self, points: Sequence[np.ndarray], keys: Sequence[tuple[str, str]] | None = None) -> Iterator[Scores]:
        """Yields the scores of clouds.

        Args:
            points: the coordinates of each cloud.
            keys: an identifier of each cloud: it is not compared with normal clouds of the same one (default: compared
                with all).

        Shapes:
            - **points:** ``[m, 3]`` each

        Raises:
            DataError: a cloud cannot be embedded.
            ConcluError: a feature is not finite.
        """
        whole, local, both = self._thresholds
        for distances in self._distances(points, keys):
            relative = distances.whole / whole, distances.local / local
            score = _combined(*relative) / both
            yield Scores(score, *relative, (distances.points / local).astype(np.float32))

    def _features(self, points: Sequence[np.ndarray]) -> Iterator[CloudFeatures]:
        return cloud_features(self.encoder, points, self.up_axis)

    def _distances(self, points: Sequence[np.ndarray], keys: Sequence[tuple[str, str]] | None) -> Iterator[Distances]:
        for row, features in enumerate(self._features(points)):
            known = None if keys is None else self._rows.get(keys[row])
            yield self.memory.distances(features, [] if known is None else [known])

    def _calibrate(self, points: Sequence[np.ndarray], keys: Sequence[tuple[str, str]]) -> tuple[float, float, float]:
        """Returns the 95th percentiles of the leave-one-out scores of normal clouds: of the pooled features, of the
        local ones, and of both, relative to these."""
        order = sorted(range(len(points)), key=lambda row: keys[row])  # whatever the order of the files is
        chosen = np.unique(np.linspace(0, len(order) - 1, min(CALIBRATION_CLOUDS, len(order))).astype(int))
        rows = [order[at] for at in chosen]
        found = track(
            self._distances([points[row] for row in rows], [keys[row] for row in rows]),
            "scoring normal clouds",
            len(rows),
            delay=1.0,
        )
        distances = np.array([[each.whole, each.local] for each in found])
        single = np.maximum(np.quantile(distances, QUANTILE, axis=0), SMALLEST)
        both = max(float(np.quantile([_combined(*row) for row in distances / single], QUANTILE)), SMALLEST)
        return float(single[0]), float(single[1]), both


def learn_normal(
    encoder: FrozenEncoder,
    inputs: Inputs,
    unusable: Unusable,
    *,
    up_axis: Axis | None = None,
    workers: int | None = None,
    seed: int = 0,
) -> AnomalyDetector:
    """Returns the detector of the normal clouds in files. Their points are kept in memory, about 12 kB for each cloud.

    Args:
        encoder: the encoder, on its device.
        inputs: the files of normal clouds.
        unusable: called with a sentence for each file or cloud that cannot be used.
        up_axis: the coordinate that points up in the files (default: as in the data set of the encoder's training).
        workers: processes that read files (default: one for each core).
        seed: of the choice of local features (default: 0).

    Raises:
        DataError: there are fewer than two different clouds that can be used.
    """
    clouds = list(read_inputs(inputs, encoder.num_points, unusable, workers))
    return AnomalyDetector(encoder, [cloud.points for cloud in clouds], [cloud.key for cloud in clouds], up_axis, seed)


def score_inputs(
    detector: AnomalyDetector, inputs: Inputs, unusable: Unusable, workers: int | None = None
) -> Iterator[tuple[NewCloud, Scores]]:
    """Yields the clouds of files with their scores, in the order of the files. A cloud whose file is a copy of a
    normal one, byte for byte, is compared with the other normal clouds only.

    Args:
        detector: the detector.
        inputs: the files.
        unusable: called with a sentence for each file or cloud that cannot be used.
        workers: processes that read files (default: one for each core).
    """
    for group in groups_of(read_inputs(inputs, detector.encoder.num_points, unusable, workers), BATCH_SIZE):
        scores = detector.score([cloud.points for cloud in group], [cloud.key for cloud in group])
        yield from zip(group, scores, strict=True)


def read_inputs(inputs: Inputs, num_points: int, unusable: Unusable, workers: int | None = None) -> Iterator[NewCloud]:
    """Yields the clouds of files, of each at most ``num_points`` points, in the order of the files.

    Args:
        inputs: the files.
        num_points: the largest number of points of a cloud.
        unusable: called with a sentence for each file or cloud that cannot be used.
        workers: processes that read files (default: one for each core).
    """
    read = map_files(partial(sample_file, num_points=num_points), inputs.files, workers)
    for path, outcome in track(read, "reading files", len(inputs.files), delay=1.0):
        if isinstance(outcome, ConcluError):
            unusable(str(outcome))
            continue
        for error in outcome.errors:
            unusable(error)
        name = inputs.name_of(path)
        for cloud in outcome.clouds:
            key = (outcome.sha256, cloud.name)
            yield NewCloud(cloud_name(name, cloud.name), path, cloud.points, cloud.offset, key)


def _combined(whole: float, local: float) -> float:
    return max(whole, local)


def _warnings(count: int) -> tuple[str, ...]:
    if count >= FEW:
        return ()
    return (
        f"with {pluralize(count, 'normal cloud')}, the 95th percentile of their scores is about the highest of them: "
        f"expect false alarms, and use at least {FEW} if you can.",
    )
