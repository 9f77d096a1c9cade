"""Predicted parts of the points of clouds, one cloud after another."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from conclu_pyg.data.base import PointCloudSplit
from conclu_pyg.data.labels import Labels
from conclu_pyg.errors import ConcluError, DataError
from conclu_pyg.inference.category import category_of
from conclu_pyg.inference.cloud_source import TEST, CloudSource
from conclu_pyg.inference.ground_truth import GroundTruth
from conclu_pyg.inference.prediction import Prediction
from conclu_pyg.io.clouds import Cloud
from conclu_pyg.transforms.change_up_axis import ChangeUpAxis


@dataclass(frozen=True)
class LabelledParts(CloudSource):
    """Clouds whose parts are predicted.

    Args:
        category: the class of all clouds (default: from the names of their files and folders).
        truth: true parts.
    """

    category: str | None
    truth: GroundTruth

    def predict_files(self) -> Iterator[Prediction]:
        """Yields the predictions for the files."""
        labels = self.model.labels
        for path in self.inputs.files:
            root = self.inputs.input_roots[path]
            for cloud in self.read(path):
                try:
                    category, guess = category_of(path, root, labels.classes, self.category)
                except ConcluError as error:
                    self.add_problem(str(path), str(error), error)
                    break
                parts, remarks = self._true_parts(path, cloud, category)
                notes = [*self.notes(cloud, len(cloud.points)), *remarks, *([guess] if guess else [])]
                prediction = self._predict(cloud, str(path), category, parts, notes)
                if prediction is not None:
                    yield prediction

    def predict_test(self, split: PointCloudSplit, count: int, rotate: ChangeUpAxis) -> Iterator[Prediction]:
        """Yields the predictions for ``count`` clouds of the test split."""
        for index, cloud in self.test_clouds(split, count, rotate):
            parts = None if split.part is None else np.asarray(split.part[index], dtype=np.int64)
            prediction = self._predict(cloud, TEST, int(split.y[index]), parts)
            if prediction is not None:
                yield prediction

    def _predict(
        self, cloud: Cloud, source: str, category: int, parts: np.ndarray | None, notes: Sequence[str] = ()
    ) -> Prediction | None:
        """Returns the prediction, or ``None`` (a reported problem) if the model fails on this cloud."""
        start, known = time.perf_counter(), self.model.labels
        try:
            labels = self.predictor.label_points(cloud.points, category)
        except ConcluError as error:
            self.add_problem(source, f"{source}, {cloud.name}: {error}", error)
            return None
        return Prediction(
            cloud,
            source,
            labels,
            known.classes[category],
            part_shares(known, category, labels),
            true_parts=parts,
            notes=notes,
            seconds=time.perf_counter() - start,
        )

    def _true_parts(self, path: Path, cloud: Cloud, category: int) -> tuple[np.ndarray | None, tuple[str, ...]]:
        """Returns the true parts and notes about them; ``None`` (a reported problem) if they cannot be used."""
        known = self.model.labels
        try:
            return self.truth.read(path, cloud, {part: known.parts[part] for part in known.class_parts[category]})
        except DataError as error:
            message = f"{error} The prediction is shown without ground truth."
            self.add_problem(str(path), message, error, "truth")
            return None, (message,)


def part_shares(known: Labels, category: int, labels: np.ndarray) -> dict[str, float]:
    """Returns the share of the points of each part of a category that occurs, by name.

    Shapes:
        - **labels:** int64 ``[m]``
    """
    counts = np.bincount(labels, minlength=len(known.parts))
    return {known.parts[part]: counts[part] / len(labels) for part in known.class_parts[category] if counts[part]}
