"""Predictions of a run for files of clouds and for its test split."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import Literal

from conclu_pyg.errors import ConfigError
from conclu_pyg.inference.category import check_categories
from conclu_pyg.inference.classify_clouds import ClassifiedClouds
from conclu_pyg.inference.ground_truth import GroundTruth, check_ground_truth
from conclu_pyg.inference.inputs import Inputs, find_inputs
from conclu_pyg.inference.label_parts import LabelledParts
from conclu_pyg.inference.prediction import Prediction, Report
from conclu_pyg.inference.predictor import input_up_axis, make_predictor
from conclu_pyg.inference.training_features import TrainingData
from conclu_pyg.runs.loaded_run import LoadedRun, load_run
from conclu_pyg.tasks.base import Task
from conclu_pyg.text import command
from conclu_pyg.transforms.change_up_axis import ChangeUpAxis

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
    training: TrainingData | None = None,
    whole_clouds: bool = False,
    workers: int | None = None,
    allow_imports: bool = False,
) -> Iterator[Prediction]:
    """Predicts the classes or parts of clouds.

    All arguments are checked at once. The clouds are read and predicted when the iterator is advanced, so that memory
    does not grow with their number: parts of one cloud after another, classes in batches, while other processes read
    the next files. The true class of a cloud is that of the nearest folder that is named after a class of the model.

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
        training: the training clouds that classified clouds are compared with, see
            :func:`~conclu_pyg.inference.training_features.load_training_data` (default: no comparison).
        whole_clouds: whether predictions of classes have all points of their clouds, which a
            :class:`~conclu_pyg.inference.output_folder.PredictionWriter` of clouds needs; files are then read one by
            one (default: False, at most as many points as the model gets).
        workers: processes that read the files of a classifier (default: one for each core).
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
    clouds: LabelledParts | ClassifiedClouds
    if run.method.requires_category:
        clouds = LabelledParts(run.method, predictor, inputs, report, category, GroundTruth(truth, inputs.input_roots))
    else:
        clouds = ClassifiedClouds(run.method, predictor, inputs, report, training, up, whole_clouds, workers)
    if not test:
        return clouds.predict_files()
    split = run.dataset.get_split("test")
    rotate = ChangeUpAxis(run.dataset.up_axis, input_up_axis(run, up))
    return chain(clouds.predict_files(), clouds.predict_test(split, test, rotate))


def reject_unused_overrides(overrides: Sequence[str], *, opened: bool) -> None:
    """Rejects ``dataset.key=value`` if no data set is opened, except for keys that set how clouds are prepared.

    Args:
        overrides: the overrides with which the run was loaded.
        opened: whether a data set is opened: for clouds of the test split, and to compare clouds with the training
            clouds of a classifier.

    Raises:
        ConfigError: an override has no effect.
    """
    if opened:
        return
    keys = [re.split(r"[.\[]", override.partition("=")[0])[:2] for override in overrides]
    unused = [".".join(key) for key in keys if key[0] == "dataset" and key[-1] not in PREPARATION]
    if unused:
        raise ConfigError(
            f"{' and '.join(dict.fromkeys(unused))} has no effect: predictions of parts of files open no data set; "
            "leave it out, or predict clouds of the test split too."
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
