"""Clouds that an encoder was trained on, to compare other clouds with."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from conclu_pyg.data.base import PointCloudDataset
from conclu_pyg.datasets.parametric_shapes import ParametricShapes
from conclu_pyg.errors import ConfigError
from conclu_pyg.runs.checkpoint import Checkpoint
from conclu_pyg.runs.frozen_encoder import FrozenEncoder
from conclu_pyg.runs.loaded_run import load_run

COUNT = 500


class ReferenceClouds(NamedTuple):
    """Clouds of a training split, with their embeddings.

    Attributes:
        title: the name of the data set.
        points: the points of each cloud, as the data set has them.
        x: the embedding of each cloud.

    Shapes:
        - **points:** ``[N, 3]`` each, **x:** float32 ``[r, C]``
    """

    title: str
    points: Sequence[np.ndarray]
    x: np.ndarray


def load_reference(
    encoder: FrozenEncoder, count: int = COUNT, *, overrides: Sequence[str] = (), allow_imports: bool = False
) -> ReferenceClouds:
    """Returns evenly spaced clouds of the training split that an encoder was trained on. Nothing is downloaded.

    Args:
        encoder: the encoder; its ``source`` is the name of a shipped one, a run or a checkpoint.
        count: the largest number of clouds (default: 500).
        overrides: of the data set of the run, such as its new place (default: none).
        allow_imports: whether to import modules that the run names (default: False).

    Raises:
        ConcluError: the encoder has no known source, or the files of its training are not there.
    """
    if not encoder.source:
        raise ConfigError("the encoder has no run that names its training data; load it by load_encoder.")
    dataset = Checkpoint.load(encoder.source).config["dataset"]
    local = ["dataset.download=false"] if dataset.get("download") else []
    run = load_run(encoder.source, [*overrides, *local], allow_imports=allow_imports, encoder_alone=True)
    if isinstance(run.dataset, ParametricShapes):
        made = (run.dataset.make("train", index)[0] for index in range(min(count, run.dataset.sizes["train"])))
        points = list(made)  # without the other shapes of the split
        return ReferenceClouds(run.dataset.name, points, encoder.embed(points, up_axis="z").numpy())
    return _of_split(encoder, run.dataset, run.up_axis, count)


def _of_split(encoder: FrozenEncoder, dataset: PointCloudDataset, up_axis: int, count: int) -> ReferenceClouds:
    split = dataset.get_split("train", up_axis=up_axis)
    rows = np.unique(np.linspace(0, len(split) - 1, min(count, len(split))).astype(np.int64))
    points = [split[row].pos.numpy() for row in rows.tolist()]
    prepared = FrozenEncoder(encoder.encoder, [], up_axis, up_axis)  # the clouds of a split are prepared already
    return ReferenceClouds(dataset.name, points, prepared.embed(points).numpy())
