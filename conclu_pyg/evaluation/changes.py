"""What robustness is measured against: clouds that are turned, noisy, thinned, occluded and stretched."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np
import torch
from torch_geometric.data import Batch, Data
from torch_geometric.transforms import BaseTransform, Compose

from conclu_pyg.data.base import PointCloudSplit
from conclu_pyg.runs.loaded_run import LoadedRun
from conclu_pyg.transforms import (
    GaussianJitter,
    RandomAnisotropicScale,
    RandomHalfSpaceCrop,
    RandomPointDropout,
    RandomSO3Rotate,
    compose,
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
        lambda degrees, axis: compose([{"name": "RandomYawRotate", "degrees": degrees}], up_axis=axis),
    ),
    Change(
        "turned about any axis", "degrees, at most", (15, 45, 90, 180), 0, lambda degrees, _: RandomSO3Rotate(degrees)
    ),
    Change("jittered", "sigma", (0.01, 0.02, 0.05, 0.1), 0, lambda sigma, _: GaussianJitter(sigma, clip=math.inf)),
    Change("thinned", "share dropped", (0.25, 0.5, 0.75, 0.9), 0, lambda share, _: RandomPointDropout(share)),
    Change("occluded", "share cut off", (0.15, 0.3, 0.5, 0.7), 0, lambda share, _: RandomHalfSpaceCrop(1 - share)),
    Change(
        "stretched", "factor, at most", (1.25, 1.5, 2, 3), 1, lambda most, _: RandomAnisotropicScale(1 / most, most)
    ),
)


class Robustness(NamedTuple):
    """What a measure gives on changed clouds.

    Attributes:
        mean: over all changes and strengths.
        protocol: how the clouds are changed, for the end of a protocol.
        details: of a record: the ``measure``, its ``clean`` value, and the ``changes`` with the value at each strength.
    """

    mean: float
    protocol: str
    details: dict[str, Any]


def under_changes(
    run: LoadedRun, split: PointCloudSplit, measure: str, clean: float, value_of: Callable[[PointCloudSplit], float]
) -> Robustness:
    """Measures every change at each of its strengths, drawn by the run's seed: every run is given the same clouds
    where they are read in the same batches, whatever its model draws.

    Args:
        run: whose data set says how clouds are normalised and which coordinate points up.
        split: the clean clouds.
        measure: the name of what is measured, such as ``accuracy``.
        clean: its value on the clean clouds, in percent.
        value_of: its value on changed ones, in percent.
    """
    changes: list[dict[str, Any]] = []
    for change in CHANGES:
        values = []
        for strength in change.strengths:
            values.append(round(value_of(changed_split(run, split, change, strength)), 2))
        facts = {"name": change.name, "unit": change.unit, "none": change.none, "strengths": list(change.strengths)}
        changes.append({**facts, "values": values})
    every = [value for found in changes for value in found["values"]]
    return Robustness(
        mean=float(np.mean(every)),
        protocol=f"changed in {len(CHANGES)} ways at {len(every)} strengths in all, then normalised again",
        details={"measure": measure, "clean": round(clean, 2), "changes": changes},
    )


def changed_split(run: LoadedRun, split: PointCloudSplit, change: Change, strength: float) -> ChangedSplit:
    """The clouds changed whenever they are read, then normalised again as the data set normalises clouds: a scan is
    read so too.

    Args:
        run: whose clouds they are, and whose seed rules the draws.
        split: the clean clouds.
        change, strength: what is done to them.
    """
    axis = run.up_axis
    steps = [split.transform, change.make(strength, axis), run.dataset.transform_for(axis)]
    return ChangedSplit(split, Compose([step for step in steps if step is not None]), run.seed)


class ChangedSplit(PointCloudSplit):
    """A split whose transform draws by a seed and the first of the clouds that are read at once: the same clouds in the
    same batches whenever they are read, and no draw of others is changed by it.

    Args:
        split: the clean clouds.
        transform: what is done to them, in place of the split's own.
        seed: rules the draws.
    """

    def __init__(self, split: PointCloudSplit, transform: Compose, seed: int) -> None:
        super().__init__(split.pos, split.y, split.names, split.classes, part=split.part, transform=transform)
        self.seed = seed

    def __getitem__(self, index: int) -> Data:
        with _drawn_by(self.seed, index):
            return super().__getitem__(index)

    def __getitems__(self, indices: Sequence[int] | torch.Tensor) -> Batch:
        with _drawn_by(self.seed, int(indices[0])):
            return super().__getitems__(indices)


@contextmanager
def _drawn_by(*seeds: int) -> Iterator[None]:
    """Within it, what is drawn on the CPU, where clouds are read, follows from the seeds; then all is as before."""
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(int(np.random.SeedSequence(seeds).generate_state(1, np.uint64)[0]))
        yield
