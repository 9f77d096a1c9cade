"""Predictions of a supervised model: confusion, and parts to turn."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from conclu_pyg.data.base import PointCloudSplit
from conclu_pyg.reports.clouds import spread
from conclu_pyg.runs.loaded_run import LoadedRun
from conclu_pyg.tasks.predict import predict_split
from conclu_pyg.text import pluralize
from conclu_pyg.vis.panel import panels_of
from conclu_pyg.vis.report.blocks import Block
from conclu_pyg.vis.report.matrix import Matrix
from conclu_pyg.vis.report.page import Section
from conclu_pyg.vis.report.parts import PartsCloud, PartsClouds

MAX_PARTS_CLOUDS = 12


def prediction_sections(run: LoadedRun, split: PointCloudSplit, split_name: str, total: int) -> list[Section]:
    """Returns the confusion of the labels, and if points have labels, some clouds with truth, prediction and error.

    Args:
        run: a run that was trained with labels.
        split: the clouds.
        split_name: their name, such as ``test``.
        total: the number of clouds that they are from.

    Raises:
        DataError: the data set has other labels than the run.
        ConcluError: a score is not finite.
    """
    run.check_labels()
    predicted, truth = predict_split(run.method, split, run.device)
    scores = run.method.scores(predicted, truth, torch.from_numpy(split.y).long())
    values = ", ".join(f"{name} {value:.1f} %" for name, value in scores.values.items())
    of_all = "" if len(split) == total else f" of {total:,}"
    lines = [f"{pluralize(len(split), 'cloud')}{of_all} of the {split_name} split: {values}."]
    if split_name not in ("test", "validation"):
        lines.append("The model was trained on such clouds: this is no estimate of its accuracy on others.")
    elif of_all:
        lines.append("The records under Results are of all clouds.")
    matrix = Matrix("true label (row) and predicted label (column)", run.method.label_names, scores.confusion.numpy())
    blocks: list[Block] = [matrix]
    sections = [Section("Confusion", blocks, lines)]
    points = len(predicted) // len(split)
    if points > 1:
        labels, parts = (each.view(len(split), points).numpy() for each in (predicted, truth))
        sections.append(_parts(run, split, labels, parts))
    return sections


def _parts(run: LoadedRun, split: PointCloudSplit, labels: np.ndarray, truth: np.ndarray) -> Section:
    clouds = []
    for row in map(int, spread(len(split), MAX_PARTS_CLOUDS)):
        category = split.classes[split.y[row]]
        panels = panels_of(split[row].pos.numpy(), labels[row], truth[row])
        clouds.append(PartsCloud(str(split.names[row]), panels, [category]))
    names: Sequence[str] = run.method.label_names
    lines = [
        "Drag a panel, or press the arrow keys on it, to turn all three of its cloud. The clouds are evenly spread "
        "over the split, not chosen by their errors."
    ]
    return Section("Parts: truth, prediction and error", [PartsClouds(clouds, names, run.up_axis)], lines)
