"""Predicted classes of clouds, in batches, while other processes read the next files."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np

from conclu_pyg.data.base import PointCloudSplit
from conclu_pyg.data.labels import Labels
from conclu_pyg.errors import ConcluError, DataError
from conclu_pyg.groups import groups_of
from conclu_pyg.inference.category import class_of_folder
from conclu_pyg.inference.cloud_source import TEST, CloudSource
from conclu_pyg.inference.prediction import Prediction
from conclu_pyg.inference.predictor import Classified, Predictor
from conclu_pyg.inference.read_some_points import ReadFile, read_some_points
from conclu_pyg.inference.training_features import TrainingData
from conclu_pyg.io.clouds import Cloud
from conclu_pyg.io.parallel import map_files
from conclu_pyg.progress import track
from conclu_pyg.runs.frozen_encoder import Axis
from conclu_pyg.transforms.change_up_axis import ChangeUpAxis

GROUP = 32  # clouds that are predicted together


class Unclassified(NamedTuple):
    """A cloud to predict.

    Attributes:
        cloud: the cloud, perhaps with some of its points only.
        source: its file, or ``test split``.
        size: the number of its points in the file.
        true_class: if it is known.
        notes: remarks.
    """

    cloud: Cloud
    source: str
    size: int
    true_class: str | None = None
    notes: Sequence[str] = ()


def read_files(
    paths: Sequence[Path], num_points: int, seed: int, workers: int | None = None
) -> Iterator[tuple[Path, ReadFile | ConcluError]]:
    """Yields at most as many points of each cloud of files as are needed for their classes.

    Args:
        paths: the files.
        num_points: the number of points that the model gets at a time.
        seed: of their choice, as in :class:`~conclu_pyg.inference.predictor.Predictor`.
        workers: processes that read files (default: one for each core).
    """
    read = map_files(partial(read_some_points, num_points=num_points, seed=seed), paths, workers)
    yield from track(read, "predicting files", len(paths), delay=1.0)


def classify_clouds(
    predictor: Predictor,
    labels: Labels,
    clouds: Iterable[Unclassified],
    training: TrainingData | None = None,
    up_axis: Axis | None = None,
    group: int = GROUP,
) -> Iterator[tuple[Unclassified, Prediction | ConcluError]]:
    """Yields each cloud with its prediction, or with the error of the model.

    Args:
        predictor: the model, and the preparation of clouds.
        labels: the names of the classes.
        clouds: the clouds.
        training: the training clouds to compare with (default: no comparison).
        up_axis: the coordinate that points up in the clouds (default: as in the data set of the training).
        group: the number of clouds that are predicted together (default: 32).
    """
    for some in groups_of(clouds, group):
        start = time.perf_counter()
        found = predictor.classify_many([each.cloud.points for each in some])
        known = [(each, result) for each, result in zip(some, found, strict=True) if isinstance(result, Classified)]
        novelties = iter(_novelties(known, training, up_axis))
        seconds = (time.perf_counter() - start) / len(some)
        for each, result in zip(some, found, strict=True):
            if isinstance(result, ConcluError):
                yield each, result
            else:
                yield each, _prediction(each, result.probabilities, labels, next(novelties), seconds)


def _novelties(
    known: Sequence[tuple[Unclassified, Classified]], training: TrainingData | None, up_axis: Axis | None
) -> Sequence[float | None]:
    if training is None or not known:
        return [None] * len(known)
    features = [found.features for _, found in known]
    given = [x for x in features if x is not None]
    others = [entry.cloud.points for entry, found in known if found.features is None]
    novelties = np.empty(len(known))
    is_given = np.array([x is not None for x in features])
    if given:
        novelties[is_given] = training.features.novelties(np.stack(given))
    if others:
        novelties[~is_given] = training.novelties(others, up_axis)
    return novelties.tolist()


def _prediction(
    entry: Unclassified, probabilities: np.ndarray, labels: Labels, novelty: float | None, seconds: float
) -> Prediction:
    order = np.argsort(-probabilities, kind="stable").tolist()
    return Prediction(
        entry.cloud,
        entry.source,
        np.full(len(entry.cloud.points), order[0], dtype=np.int64),
        labels.classes[order[0]],
        confidences={labels.classes[label]: float(probabilities[label]) for label in order},
        novelty=novelty,
        true_class=entry.true_class,
        notes=entry.notes,
        seconds=seconds,
        size=entry.size,
    )


@dataclass(frozen=True)
class ClassifiedClouds(CloudSource):
    """Clouds whose classes are predicted.

    Args:
        training: the training clouds to compare with; ``None`` for no comparison.
        up: the coordinate that points up in the files; ``None`` for that of the data set of the training.
        whole_clouds: whether all points of the clouds are kept, for which files are read one by one.
        workers: processes that read files; ``None`` for one for each core.
    """

    training: TrainingData | None
    up: Axis | None
    whole_clouds: bool
    workers: int | None

    def predict_files(self) -> Iterator[Prediction]:
        """Yields the predictions for the files."""
        yield from self._predict(self._read_files(), 1 if self.whole_clouds else GROUP)

    def predict_test(self, split: PointCloudSplit, count: int, rotate: ChangeUpAxis) -> Iterator[Prediction]:
        """Yields the predictions for ``count`` clouds of the test split."""
        classes = self.model.labels.classes
        yield from self._predict(
            Unclassified(cloud, TEST, len(cloud.points), classes[int(split.y[index])])
            for index, cloud in self.test_clouds(split, count, rotate)
        )

    def _predict(self, clouds: Iterable[Unclassified], group: int = GROUP) -> Iterator[Prediction]:
        labels = self.model.labels
        for cloud, found in classify_clouds(self.predictor, labels, clouds, self.training, self.up, group):
            if isinstance(found, ConcluError):
                self.add_problem(cloud.source, f"{cloud.source}, {cloud.cloud.name}: {found}", found)
            else:
                yield found

    def _read_files(self) -> Iterator[Unclassified]:
        if self.whole_clouds:
            for path in self.inputs.files:
                for cloud in self.read(path):
                    yield self._unclassified(path, cloud, len(cloud.points))
            return
        for path, content in read_files(
            self.inputs.files, self.predictor.num_points, self.predictor.seed, self.workers
        ):
            if isinstance(content, ConcluError):
                self.add_problem(str(path), str(content), content)
                continue
            for cloud, size in content.clouds:
                yield self._unclassified(path, cloud, size)
            for message in content.errors:
                self.add_problem(str(path), message, DataError(message, file=path))

    def _unclassified(self, path: Path, cloud: Cloud, size: int) -> Unclassified:
        true_class = class_of_folder(path, self.inputs.input_roots[path], self.model.labels.classes)
        return Unclassified(cloud, str(path), size, true_class, self.notes(cloud, size))
