"""How a linear SVM that learnt clean clouds fares on changed ones: turned, noisy, thinned, occluded, stretched."""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np
import torch
from torch_geometric.transforms import BaseTransform, Compose

from conclu_pyg.data.base import PointCloudSplit
from conclu_pyg.engine.records import Record
from conclu_pyg.evaluation.cross_validation import FOLDS, check_labels, cost_notes
from conclu_pyg.evaluation.features import Features, embed
from conclu_pyg.evaluation.linear_svm import GRID, LinearSVM
from conclu_pyg.evaluation.loaded_run import LoadedRun
from conclu_pyg.evaluation.probe import Probe, ProbeSplits, make_record
from conclu_pyg.transforms import (
    DropPoints,
    RandomAxisScale,
    RandomHalfSpaceCrop,
    RandomJitter,
    RandomRotate,
    RandomVerticalRotate,
)


class Change(NamedTuple):
    """What is done to the clouds.

    Attributes:
        name: what it is called.
        unit: what its strength is.
        strengths: those that are measured.
        none: the strength that changes nothing.
        make: the transform of a strength, for clouds whose coordinate of that number points up.
    """

    name: str
    unit: str
    strengths: tuple[float, ...]
    none: float
    make: Callable[[float, int], BaseTransform]


CHANGES = (
    Change(
        "turned about the vertical",
        "degrees, at most",
        (15, 45, 90, 180),
        0,
        lambda degrees, axis: RandomVerticalRotate(degrees, axis),  # type: ignore[arg-type]
    ),
    Change("turned about any axis", "degrees, at most", (15, 45, 90, 180), 0, lambda degrees, _: RandomRotate(degrees)),
    Change("jittered", "sigma", (0.01, 0.02, 0.05, 0.1), 0, lambda sigma, _: RandomJitter(sigma, clip=math.inf)),
    Change("thinned", "share dropped", (0.25, 0.5, 0.75, 0.9), 0, lambda share, _: DropPoints(share)),
    Change("occluded", "share cut off", (0.15, 0.3, 0.5, 0.7), 0, lambda share, _: RandomHalfSpaceCrop(1 - share)),
    Change("stretched", "factor, at most", (1.25, 1.5, 2, 3), 1, lambda most, _: RandomAxisScale(1 / most, most)),
)


def robustness_probe(run: LoadedRun, splits: ProbeSplits) -> list[Record]:
    """One record: the mean accuracy over all changes and strengths, with the clean accuracy and each of them in its
    details, as ``clean`` and ``changes``.

    Raises:
        ConcluError: features that are not finite, or too few training clouds for the folds of the cross-validation.
    """
    began = time.perf_counter()
    train, held_out = splits.train, splits.held_out
    check_labels(train.y, "a linear SVM")  # before the features, which take longer
    machine = LinearSVM(run.embed(train), run.seed)
    clean = _accuracy(machine, run.embed(held_out))
    changes = [_measure(machine, run, held_out, change) for change in CHANGES]
    num_points = train.pos.shape[1]
    accuracies = [value for change in changes for value in change["accuracies"]]
    record = make_record(
        run,
        task="svm",
        metric="mean accuracy under changes",
        value=float(np.mean(accuracies)),
        protocol=(
            f"linear SVM on the pooled features of the frozen encoder, {num_points:,} points of each cloud; trained on "
            f"{splits.train_in_words}, clean, C by {FOLDS}-fold cross-validation there; measured on "
            f"{splits.held_out_in_words}, changed in {len(CHANGES)} ways at {len(accuracies)} strengths in all, then "
            "normalised again"
        ),
        seconds=time.perf_counter() - began,
        details={
            **splits.details,
            "num_points": num_points,
            "c": machine.c,
            "cross_validation": round(machine.cross_validation, 2),
            "notes": cost_notes(machine.c, GRID),
            "clean": round(clean, 2),
            "changes": changes,
        },
    )
    return [record]


def _measure(machine: LinearSVM, run: LoadedRun, split: PointCloudSplit, change: Change) -> dict[str, Any]:
    """What the record's details say of a change."""
    features = (embed_changed(run, split, change, strength) for strength in change.strengths)
    return {
        "name": change.name,
        "unit": change.unit,
        "none": change.none,
        "strengths": list(change.strengths),
        "accuracies": [round(_accuracy(machine, changed), 2) for changed in features],
    }


def embed_changed(run: LoadedRun, split: PointCloudSplit, change: Change, strength: float) -> Features:
    """The pooled features of changed clouds, normalised again as the data set normalises clouds: a scan is read so too.

    The changes are drawn by the run's seed, so that every encoder is given the same clouds.

    Args:
        run: whose encoder it is.
        split: the clean clouds.
        change, strength: what is done to them.

    Raises:
        ConcluError: features that are not finite.
    """
    changed = copy.copy(split)
    axis = run.vertical_axis
    steps = [split.transform, change.make(strength, axis), run.dataset.transform_for(axis)]
    changed.transform = Compose([step for step in steps if step is not None])
    with _drawn_by(run.seed):
        return embed(run.method.encoder, changed, run.device)


def _accuracy(machine: LinearSVM, features: Features) -> float:
    return 100 * float((machine.predict(features.x) == features.y).mean())


@contextmanager
def _drawn_by(seed: int) -> Iterator[None]:
    """Within it, what is drawn on the CPU, where clouds are read, follows from the seed; then all is as before."""
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        yield


ROBUSTNESS = Probe("linear SVM", robustness_probe)
