"""The predictions for clouds from files and from the test split, with what is known of each."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from torch_geometric.data import Data

from conclu_pyg.data.base import PointCloudSplit
from conclu_pyg.data.labels import Labels
from conclu_pyg.errors import ConcluError, ConcluWarning, DataError
from conclu_pyg.inference.category import category_of
from conclu_pyg.inference.options import Options
from conclu_pyg.inference.predict_cloud import Predictor
from conclu_pyg.inference.prediction import Prediction
from conclu_pyg.inference.run_predictor import upward
from conclu_pyg.inference.truth import Truth
from conclu_pyg.io.clouds import Cloud, read_clouds
from conclu_pyg.runs.loaded_run import LoadedRun
from conclu_pyg.text import pluralize
from conclu_pyg.transforms.change_up_axis import ChangeUpAxis

TEST = "test split"
SPARSE = 4  # times fewer points than the model takes: such a cloud has lost much of its shape


class Answers:
    """Predicts clouds, one by one as they are asked for.

    Args:
        run: a run that was trained on labels.
        predictor: its model.
        options: how.
        unused: gives a cloud's name the form of a file's that no other cloud has.
        tops: for each file of the call the uppermost folder above it whose name may say the category.

    Attributes:
        unusable: the files of which a cloud could not be used or has no answer.
        without_truth: the files whose truth could not be used.
    """

    def __init__(
        self,
        run: LoadedRun,
        predictor: Predictor,
        options: Options,
        unused: Callable[[str], str],
        tops: Mapping[Path, Path],
    ) -> None:
        self.run, self.predictor, self.options, self.unused, self.tops = run, predictor, options, unused, tops
        self.truth = Truth(options.truth, tops)
        self.unusable: set[str] = set()
        self.without_truth: set[str] = set()
        self._told: set[str] = set()

    def of_file(self, path: Path) -> Iterator[Prediction]:
        """The clouds of a file of the call, with their truth where it is known; of one that cannot be used, it is said
        why, and the others follow.

        Raises:
            DataError: the file cannot be read, or nothing says its category.
        """
        model = self.run.method

        def unusable(error: DataError) -> None:
            warnings.warn(str(error), ConcluWarning, stacklevel=2)
            self.unusable.add(str(path))

        for cloud in read_clouds(path, unusable=unusable):
            category, truth, notes = 0, None, [*cloud.notes, *self._sparse(len(cloud.points))]
            if model.requires_category:
                category, guessed = category_of(path, self.tops[path], model.labels.classes, self.options.category)
                allowed = {part: model.labels.parts[part] for part in model.labels.class_parts[category]}
                truth, told = self._true_parts(path, cloud, allowed)
                notes += [*told, *([guessed] if guessed else [])]
            prediction = self._predict(cloud.name, str(path), cloud.points, category)
            if prediction is not None:
                yield replace(
                    prediction, truth=truth, rows=cloud.rows, left_out=cloud.left_out, offset=cloud.offset, notes=notes
                )

    def of_test(self, split: PointCloudSplit) -> Iterator[Prediction]:
        """Clouds of the test split, evenly spread over it, turned as the files are said to stand, with their truth."""
        model, size = self.run.method, len(split)
        turn = ChangeUpAxis(self.run.dataset.up_axis, upward(self.run, self.options))
        for index in np.linspace(0, size - 1, min(self.options.test, size)).round().astype(int):
            pos = turn(Data(pos=torch.from_numpy(np.array(split.pos[index])))).pos.numpy()
            category = int(split.y[index])
            prediction = self._predict(short_name(split.names[index]), TEST, pos, category)
            if prediction is None:
                continue
            if not model.requires_category:
                yield replace(prediction, true_class=model.labels.classes[category])
            elif split.part is not None:
                yield replace(prediction, truth=np.asarray(split.part[index], dtype=np.int64))
            else:
                yield prediction

    def _predict(self, name: str, source: str, pos: np.ndarray, category: int) -> Prediction | None:
        """The answer, or ``None`` where the model has none, which is said; ``category`` is that of the cloud where the
        model is told it."""
        began, known = time.perf_counter(), self.run.method.labels
        parts, chance = "", None
        try:
            if self.run.method.requires_category:
                labels = self.predictor.label_points(pos, category)
                parts = shares_in_words(known, category, labels)
            else:
                probability = self.predictor.classify(pos)
                category = int(probability.argmax())
                labels, chance = np.full(len(pos), category), float(probability[category])
        except ConcluError as error:
            warnings.warn(f"{source}, {name}: {error}", ConcluWarning, stacklevel=2)
            self.unusable.add(source)
            return None
        seconds = time.perf_counter() - began
        return Prediction(
            self.unused(name), source, pos, labels, known.classes[category], parts, chance, seconds=seconds
        )

    def _sparse(self, size: int) -> list[str]:
        usual = self.predictor.num_points
        if SPARSE * size >= usual:
            return []
        return [
            f"only {pluralize(size, 'point')}, where the model takes {usual:,} at a time: the answer may be a guess"
        ]

    def _true_parts(
        self, path: Path, cloud: Cloud, allowed: Mapping[int, str]
    ) -> tuple[np.ndarray | None, tuple[str, ...]]:
        """The truth, or none where what there is cannot be used; each reason is said once for all clouds that it holds
        for."""
        try:
            return self.truth.parts(path, cloud, allowed)
        except DataError as error:
            if str(error) not in self._told:
                warnings.warn(f"{error} The prediction is shown without a truth.", ConcluWarning, stacklevel=2)
            self._told.add(str(error))
            self.without_truth.add(str(path))
            return None, ()


def short_name(name: str) -> str:
    """``chair_0001`` of ``chair/chair_0001``, whose own name says what its folder does; others stay as they are."""
    folder, _, own = name.rpartition("/")
    return own if folder and own.startswith(folder.rpartition("/")[2]) else name


def shares_in_words(known: Labels, category: int, labels: np.ndarray) -> str:
    """``leg 20 %, seat 80 %``: how many points each part of the category was predicted for."""
    points = np.bincount(labels, minlength=len(known.parts))
    percent = {part: 100 * points[part] / len(labels) for part in known.class_parts[category] if points[part]}
    return ", ".join(
        f"{_part_name(known.parts[part])} {f'{share:.0f}' if share >= 0.5 else '< 1'} %"
        for part, share in percent.items()
    )


def _part_name(name: str) -> str:
    """``leg`` of ``chair/leg``, and ``part 47`` of ``Table/47``, which has no other name."""
    own = name.rpartition("/")[2]
    return f"part {own}" if own.isdecimal() else own
