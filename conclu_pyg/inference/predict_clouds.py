"""Predictions of a run for files of clouds and for its test split."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from torch_geometric.data import Data

from conclu_pyg.data.base import PointCloudSplit
from conclu_pyg.data.labels import Labels
from conclu_pyg.errors import ConcluError, ConfigError, DataError, one_line
from conclu_pyg.inference.category import category_of, check_categories
from conclu_pyg.inference.ground_truth import GroundTruth, check_ground_truth
from conclu_pyg.inference.inputs import Inputs, find_inputs
from conclu_pyg.inference.prediction import Prediction, Report
from conclu_pyg.inference.predictor import Predictor, input_up_axis, make_predictor
from conclu_pyg.io.clouds import Cloud, read_clouds
from conclu_pyg.runs.loaded_run import LoadedRun, load_run
from conclu_pyg.tasks.base import Task
from conclu_pyg.text import command, pluralize
from conclu_pyg.transforms.change_up_axis import ChangeUpAxis

TEST = "test split"
SPARSE = 4  # a cloud with so many times fewer points than the training clouds has lost much of its shape
PREPARATION = ("name", "transform")  # the keys of a data set by which clouds of files are prepared


def predict(
    run: LoadedRun | str | Path,
    inputs: Inputs | str | Path | Sequence[str | Path] = (),
    *,
    category: str | None = None,
    up: Literal["x", "y", "z"] | None = None,
    truth: Path | None = None,
    num_points: int | None = None,
    votes: int = 1,
    test: int = 0,
    report: Report | None = None,
    allow_imports: bool = False,
) -> Iterator[Prediction]:
    """Predicts the classes or parts of clouds.

    All arguments are checked at once. The clouds are read and predicted one by one, when the iterator is advanced, so
    that memory does not grow with their number.

    Args:
        run: a run that was trained on labels, or its folder or checkpoint.
        inputs: one or several files and folders of clouds (default: none).
        category: the class of all clouds, for a model that requires it (default: from the names of their files and
            folders).
        up: the up axis of the files (default: that of the data set of the run).
        truth: a file or folder of true parts, see :class:`~conclu_pyg.inference.ground_truth.GroundTruth` (default: the
            parts that the files contain).
        num_points: the number of points that the model gets at a time (default: that of the training clouds).
        votes: the number of copies of each cloud to average over: the cloud itself and randomly scaled copies
            (default: 1, no augmentation).
        test: the number of clouds of the test split to predict after the files, with their ground truth (default: 0).
        report: collects the problems of single clouds, and the others are predicted; ``None`` raises the first problem
            (default).
        allow_imports: as for :func:`~conclu_pyg.runs.loaded_run.load_run`, if ``run`` is not loaded yet.

    Raises:
        ConfigError: the run was not trained on labels, or an argument does not fit it.
        DataError: an input, the ground truth or the category of all files is missing.
        ConcluError: the checkpoint or the data set cannot be used.
    """
    run = run if isinstance(run, LoadedRun) else load_run(run, allow_imports=allow_imports)
    inputs = inputs if isinstance(inputs, Inputs) else find_inputs(inputs)
    for name, value, least in (("num_points", num_points, 1), ("votes", votes, 1), ("test", test, 0)):
        if value is not None and value < least:
            raise ConfigError(f"{name} must be >= {least}, got {value}.", argument=name, got=value)
    _check_task(run, inputs, category, truth)
    check_ground_truth(truth, inputs.files)
    if test:
        run.check_labels()
    predictor = make_predictor(run, up=up, num_points=num_points, votes=votes)
    clouds = _Clouds(run.method, predictor, inputs, category, GroundTruth(truth, inputs.input_roots), report)
    if not test:
        return clouds.predict_files()
    split = run.dataset.get_split("test")
    rotate = ChangeUpAxis(run.dataset.up_axis, input_up_axis(run, up))
    return chain(clouds.predict_files(), clouds.predict_test(split, test, rotate))


def reject_unused_overrides(overrides: Sequence[str], *, test: bool) -> None:
    """Rejects ``dataset.key=value`` if no data set is opened, except for keys that set how clouds are prepared.

    Args:
        overrides: the overrides with which the run was loaded.
        test: whether clouds of the test split are predicted; only then is a data set opened.

    Raises:
        ConfigError: an override has no effect.
    """
    if test:
        return
    keys = [re.split(r"[.\[]", override.partition("=")[0])[:2] for override in overrides]
    unused = [".".join(key) for key in keys if key[0] == "dataset" and key[-1] not in PREPARATION]
    if unused:
        raise ConfigError(
            f"{' and '.join(dict.fromkeys(unused))} has no effect: predictions of files open no data set; leave it "
            "out, or predict clouds of the test split too."
        )


def _check_task(run: LoadedRun, inputs: Inputs, category: str | None, truth: Path | None) -> None:
    """Checks that the run predicts labels, and that ``category`` and ``truth`` fit it."""
    model = run.method
    if not isinstance(model, Task):
        raise ConfigError(
            f"{run.folder} was pre-trained without labels and cannot predict any; fine-tune it first, such as by "
            f"`{command('train')} partseg_pointnet model.encoder.checkpoint={run.folder}`, and predict with the run "
            "that this makes.",
            file=run.folder,
        )
    if model.requires_category:
        check_categories(inputs.input_roots, model.labels.classes, category)
    elif category is not None or truth is not None:
        raise ConfigError(
            f"{type(model).__name__} uses no category and no ground truth of parts; leave them out.",
            argument="category",
        )


@dataclass(frozen=True)
class _Clouds:
    """The clouds of one call."""

    model: Task
    predictor: Predictor
    inputs: Inputs
    category: str | None
    truth: GroundTruth
    report: Report | None

    def predict_files(self) -> Iterator[Prediction]:
        for path in self.inputs.files:
            last = ""
            try:
                for prediction in self._predict_file(path):
                    yield prediction
                    last = prediction.cloud.name
            except (ConcluError, OSError) as error:  # the file is damaged, or its reader needs a missing library
                message = str(error) if isinstance(error, ConcluError) else f"cannot read {path} ({one_line(error)})."
                if last:
                    message += f" No cloud after {last} was predicted."
                self._add_problem(str(path), message, error)

    def _predict_file(self, path: Path) -> Iterator[Prediction]:
        unusable = None if self.report is None else lambda error: self._add_problem(str(path), str(error), error)
        for cloud in read_clouds(path, unusable=unusable):
            category, parts, notes = 0, None, [*cloud.notes, *self._sparse(len(cloud.points))]
            if self.model.requires_category:
                labels = self.model.labels
                category, guess = category_of(path, self.inputs.input_roots[path], labels.classes, self.category)
                parts, remarks = self._true_parts(path, cloud, category)
                notes += [*remarks, *([guess] if guess else [])]
            prediction = self._predict(cloud, str(path), category, true_parts=parts, notes=notes)
            if prediction is not None:
                yield prediction

    def predict_test(self, split: PointCloudSplit, count: int, rotate: ChangeUpAxis) -> Iterator[Prediction]:
        """Predicts clouds that are evenly spread over the test split, rotated to the up axis of the files."""
        for index in np.linspace(0, len(split) - 1, min(count, len(split))).round().astype(int):
            pos = rotate(Data(pos=torch.from_numpy(np.array(split.pos[index])))).pos.numpy()
            cloud, y = Cloud(short_name(split.names[index]), pos), int(split.y[index])
            true_class, parts = None, None
            if not self.model.requires_category:
                true_class = self.model.labels.classes[y]
            elif split.part is not None:
                parts = np.asarray(split.part[index], dtype=np.int64)
            prediction = self._predict(cloud, TEST, y, true_parts=parts, true_class=true_class)
            if prediction is not None:
                yield prediction

    def _predict(
        self,
        cloud: Cloud,
        source: str,
        category: int,
        *,
        true_parts: np.ndarray | None = None,
        true_class: str | None = None,
        notes: Sequence[str] = (),
    ) -> Prediction | None:
        """Returns the prediction, or ``None`` (a reported problem) if the model fails on this cloud."""
        start, known = time.perf_counter(), self.model.labels
        try:
            labels, category, probability = self.predictor.predict(cloud.points, category)
        except ConcluError as error:
            self._add_problem(source, f"{source}, {cloud.name}: {error}", error)
            return None
        return Prediction(
            cloud,
            source,
            labels,
            known.classes[category],
            part_shares(known, category, labels) if self.model.requires_category else {},
            probability,
            true_parts,
            true_class,
            notes,
            time.perf_counter() - start,
        )

    def _true_parts(self, path: Path, cloud: Cloud, category: int) -> tuple[np.ndarray | None, tuple[str, ...]]:
        """Returns the true parts and notes about them; ``None`` (a reported problem) if they cannot be used."""
        known = self.model.labels
        try:
            return self.truth.read(path, cloud, {part: known.parts[part] for part in known.class_parts[category]})
        except DataError as error:
            self._add_problem(str(path), f"{error} The prediction is shown without ground truth.", error, "truth")
            return None, ()

    def _sparse(self, size: int) -> list[str]:
        expected = self.predictor.num_points
        if SPARSE * size >= expected:
            return []
        return [f"only {pluralize(size, 'point')}, but the model gets {expected:,} at a time: it may be unreliable"]

    def _add_problem(
        self, source: str, message: str, error: Exception, kind: Literal["cloud", "truth"] = "cloud"
    ) -> None:
        if self.report is None:
            raise error
        self.report.add(source, message, kind)


def short_name(name: str) -> str:
    """Returns ``chair_0001`` for ``chair/chair_0001``, and other names unchanged."""
    folder, _, own = name.rpartition("/")
    return own if folder and own.startswith(folder.rpartition("/")[2]) else name


def part_shares(known: Labels, category: int, labels: np.ndarray) -> dict[str, float]:
    """Returns the share of the points of each part of a category that occurs, by name.

    Shapes:
        - **labels:** int64 ``[m]``
    """
    counts = np.bincount(labels, minlength=len(known.parts))
    return {known.parts[part]: counts[part] / len(labels) for part in known.class_parts[category] if counts[part]}
