"""Corruptions of point clouds at several severities: rotations, jitter, dropout, occlusion and anisotropic scale."""

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
from conclu_pyg.evaluation.probe import Result
from conclu_pyg.runs.loaded_run import LoadedRun
from conclu_pyg.transforms import (
    GaussianJitter,
    RandomAnisotropicScale,
    RandomHalfSpaceCrop,
    RandomPointDropout,
    RandomSO3Rotate,
    compose,
)


class Corruption(NamedTuple):
    """A kind of corruption.

    Attributes:
        name: for records and tables.
        unit: unit of the severity.
        severities: those that are measured.
        identity: the severity that changes nothing.
        make: returns the transform of a severity, for clouds whose coordinate of the given number points up.
    """

    name: str
    unit: str
    severities: tuple[float, ...]
    identity: float
    make: Callable[[float, int], BaseTransform]


CORRUPTIONS = (
    Corruption(
        "rotation about the up axis",
        "degrees, at most",
        (15, 45, 90, 180),
        0,
        lambda degrees, axis: compose([{"name": "RandomYawRotate", "degrees": degrees}], up_axis=axis),
    ),
    Corruption(
        "rotation about any axis", "degrees, at most", (15, 45, 90, 180), 0, lambda degrees, _: RandomSO3Rotate(degrees)
    ),
    Corruption("jitter", "sigma", (0.01, 0.02, 0.05, 0.1), 0, lambda sigma, _: GaussianJitter(sigma, clip=math.inf)),
    Corruption(
        "dropout", "share of points removed", (0.25, 0.5, 0.75, 0.9), 0, lambda share, _: RandomPointDropout(share)
    ),
    Corruption(
        "occlusion",
        "share of points cut off",
        (0.15, 0.3, 0.5, 0.7),
        0,
        lambda share, _: RandomHalfSpaceCrop(1 - share),
    ),
    Corruption(
        "anisotropic scale",
        "factor, at most",
        (1.25, 1.5, 2, 3),
        1,
        lambda factor, _: RandomAnisotropicScale(1 / factor, factor),
    ),
)


def measure_corruptions(
    run: LoadedRun, split: PointCloudSplit, metric: str, clean: float, value_of: Callable[[PointCloudSplit], float]
) -> Result:
    """Measures every corruption at each of its severities and returns the mean of all values.

    The draws depend on the run's seed: every run with the same seed and batches gets the same clouds, whatever its
    model draws.

    Args:
        run: its data set normalises the corrupted clouds; its seed determines the draws.
        split: the clean clouds.
        metric: name of the metric, such as ``accuracy``.
        clean: its value on the clean clouds, in percent.
        value_of: returns its value on corrupted clouds, in percent.

    Returns:
        details with ``measure``, ``clean`` and ``corruptions``, which has the value at each severity; the field
        ``corruptions`` of the protocol.
    """
    measured: list[dict[str, Any]] = []
    for corruption in CORRUPTIONS:
        values = [
            round(value_of(corrupted_split(run, split, corruption, severity)), 2) for severity in corruption.severities
        ]
        measured.append(
            {
                "name": corruption.name,
                "unit": corruption.unit,
                "identity": corruption.identity,
                "severities": list(corruption.severities),
                "values": values,
            }
        )
    return Result(
        metric=f"mean {metric} under corruptions",
        value=float(np.mean([value for found in measured for value in found["values"]])),
        details={"measure": metric, "clean": round(clean, 2), "corruptions": measured},
        protocol={"corruptions": {corruption.name: corruption.severities for corruption in CORRUPTIONS}},
    )


def corrupted_split(run: LoadedRun, split: PointCloudSplit, corruption: Corruption, severity: float) -> CorruptedSplit:
    """Returns clouds that are corrupted whenever they are read, then normalised again as the data set normalises
    clouds, like a real scan.

    Args:
        run: the run whose clouds they are; its seed determines the draws.
        split: the clean clouds.
        corruption: the kind of corruption.
        severity: its severity, in its unit.
    """
    axis = run.up_axis
    steps = [split.transform, corruption.make(severity, axis), run.dataset.transform_for(axis)]
    return CorruptedSplit(split, Compose([step for step in steps if step is not None]), run.seed)


class CorruptedSplit(PointCloudSplit):
    """A split whose transform draws from a generator seeded by ``seed`` and the first cloud of a batch: the same
    batches are always the same clouds, and no other draws are affected.

    Args:
        split: the clean clouds.
        transform: replaces the split's own transform.
        seed: of the draws.
    """

    def __init__(self, split: PointCloudSplit, transform: Compose, seed: int) -> None:
        super().__init__(split.pos, split.y, split.names, split.classes, part=split.part, transform=transform)
        self.seed = seed

    def __getitem__(self, index: int) -> Data:
        with _seeded(self.seed, index):
            return super().__getitem__(index)

    def __getitems__(self, indices: Sequence[int] | torch.Tensor) -> Batch:
        with _seeded(self.seed, int(indices[0])):
            return super().__getitems__(indices)


@contextmanager
def _seeded(*seeds: int) -> Iterator[None]:
    """Seeds torch's generator of the CPU, where clouds are read, and restores it afterwards."""
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(int(np.random.SeedSequence(seeds).generate_state(1, np.uint64)[0]))
        yield
