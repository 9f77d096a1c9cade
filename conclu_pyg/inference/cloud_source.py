"""The clouds of a prediction: files and test clouds, and the problems with single ones."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from torch_geometric.data import Data

from conclu_pyg.data.base import PointCloudSplit
from conclu_pyg.errors import ConcluError, one_line
from conclu_pyg.inference.inputs import Inputs
from conclu_pyg.inference.prediction import Report
from conclu_pyg.inference.predictor import Predictor
from conclu_pyg.io.clouds import Cloud, read_clouds
from conclu_pyg.tasks.base import Task
from conclu_pyg.text import pluralize
from conclu_pyg.transforms.change_up_axis import ChangeUpAxis

TEST = "test split"
SPARSE = 4  # a cloud with so many times fewer points than the training clouds has lost much of its shape


@dataclass(frozen=True)
class CloudSource:
    """The files and test clouds of one call, and what is common to the prediction of classes and of parts.

    Args:
        model: the model.
        predictor: the same with the preparation of clouds.
        inputs: the files.
        report: collects the problems of single clouds; ``None`` raises the first.
    """

    model: Task
    predictor: Predictor
    inputs: Inputs
    report: Report | None

    def add_problem(
        self, source: str, message: str, error: Exception, kind: Literal["cloud", "truth"] = "cloud"
    ) -> None:
        """Adds a problem to the report, or raises its error without one."""
        if self.report is None:
            raise error
        self.report.add(source, message, kind)

    def read(self, path: Path) -> Iterator[Cloud]:
        """Yields the clouds of a file, and reports those that cannot be used."""
        unusable = None if self.report is None else lambda error: self.add_problem(str(path), str(error), error)
        last = ""
        try:
            for cloud in read_clouds(path, unusable=unusable):
                yield cloud
                last = cloud.name
        except (ConcluError, OSError) as error:  # the file is damaged, or its reader needs a missing library
            message = str(error) if isinstance(error, ConcluError) else f"cannot read {path} ({one_line(error)})."
            self.add_problem(str(path), f"{message} No cloud after {last} was predicted." if last else message, error)

    def notes(self, cloud: Cloud, size: int) -> list[str]:
        """Returns the notes of a cloud that has ``size`` points in its file, with one if these are few."""
        expected = self.predictor.num_points
        if SPARSE * size >= expected:
            return [*cloud.notes]
        few = f"only {pluralize(size, 'point')}, but the model gets {expected:,} at a time: it may be unreliable"
        return [*cloud.notes, few]

    @staticmethod
    def test_clouds(split: PointCloudSplit, count: int, rotate: ChangeUpAxis) -> Iterator[tuple[int, Cloud]]:
        """Yields clouds that are evenly spread over the test split, rotated to the up axis of the files, with their
        index."""
        for index in np.linspace(0, len(split) - 1, min(count, len(split))).round().astype(int).tolist():
            pos = rotate(Data(pos=torch.from_numpy(np.array(split.pos[index])))).pos.numpy()
            yield index, Cloud(short_name(split.names[index]), pos)


def short_name(name: str) -> str:
    """Returns ``chair_0001`` for ``chair/chair_0001``, and other names unchanged."""
    folder, _, own = name.rpartition("/")
    return own if folder and own.startswith(folder.rpartition("/")[2]) else name
