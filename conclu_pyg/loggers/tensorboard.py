"""Metrics, and embeddings with pictures, for TensorBoard."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from conclu_pyg.arguments import validated
from conclu_pyg.constraints import NonNegativeInt
from conclu_pyg.extras import is_installed
from conclu_pyg.loggers.base import Logger, Row
from conclu_pyg.registry import LOGGERS
from conclu_pyg.text import printable

SIDE = 32  # pixels of a picture in the projector


@LOGGERS.register_module(name="tensorboard")
class TensorBoardLogger(Logger):
    """Writes TensorBoard's event file into the run's folder; nothing without the package ``tensorboard``.

    Args:
        projector: after the last epoch, also write the embeddings of so many training clouds, with their names, classes
            and pictures, for TensorBoard's projector (default: 0, none).
    """

    @validated
    def __init__(self, projector: NonNegativeInt = 0) -> None:
        self.projector = projector
        self._writer: Any = None

    def start(self, folder: Path, config: Mapping[str, Any], history: Sequence[Row] | None) -> None:
        logging.getLogger("tensorboard").setLevel(logging.ERROR)
        if is_installed("tensorboard"):
            from torch.utils.tensorboard import SummaryWriter

            # TensorBoard hides the events from this step on that are in the files of the run before it was resumed.
            first = None if history is None else len(history) + 1
            self._writer = SummaryWriter(str(folder), purge_step=first)

    def write(self, row: Row) -> None:
        if self._writer is not None:
            for key, value in row.items():
                if key != "epoch":
                    self._writer.add_scalar(key, value, int(row["epoch"]))
            self._writer.flush()

    def finish(self, pipeline: Any) -> None:
        if self._writer is None or not self.projector:
            return
        from conclu_pyg.runs.frozen_encoder import embed

        split = pipeline.split("train")
        rows = torch.linspace(0, len(split) - 1, min(self.projector, len(split))).round().long().tolist()
        clouds = [split[row] for row in rows]
        points = [cloud.pos for cloud in clouds]
        features = embed(pipeline.model.encoder, points)
        pictures = torch.stack([draw_cloud(pos, pipeline.up_axis) for pos in points])
        about = [[printable(split.names[row]), printable(split.classes[int(split.y[row])])] for row in rows]
        self._writer.add_embedding(
            features, about, pictures, pipeline.progress.epoch, metadata_header=["name", "class"]
        )
        self._writer.flush()

    def close(self) -> None:
        if self._writer is not None:
            self._writer.close()


def draw_cloud(pos: Tensor, up_axis: int) -> Tensor:
    """Return a picture of a cloud from the side, near points darker, on white.

    Shapes:
        - **pos:** ``[N, 3]``; **output:** ``[3, SIDE, SIDE]``, from 0 to 1
    """
    pos = pos.detach().float().cpu()
    across, depth = (axis for axis in range(3) if axis != up_axis)
    low, high = pos.min(dim=0).values, pos.max(dim=0).values
    scale = (high - low).max().clamp(min=1e-9)
    unit = (pos - (low + high) / 2) / scale + 0.5  # within [0, 1]
    column = (unit[:, across] * (SIDE - 1)).round().long()
    line = ((1 - unit[:, up_axis]) * (SIDE - 1)).round().long()
    picture = torch.ones(SIDE * SIDE)
    picture.scatter_reduce_(0, line * SIDE + column, unit[:, depth] * 0.7, "amin")
    return picture.reshape(1, SIDE, SIDE).expand(3, -1, -1)
