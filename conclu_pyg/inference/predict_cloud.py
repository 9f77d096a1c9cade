"""What a model of a labelled task predicts for one cloud of any size."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch_geometric.data import Data
from torch_geometric.transforms import Compose

from conclu_pyg.errors import ConfigError
from conclu_pyg.inference.deal import random_subsets
from conclu_pyg.tasks.predict import predict_subsets


@dataclass(frozen=True)
class Predictor:
    """A model and how clouds are prepared for it.

    Args:
        model: a model of a labelled task, in evaluation mode.
        prepare: what is done to a cloud before: normalisation, and turning its vertical axis to that of the training.
        num_points: how many points the clouds of the training had.
        device: where the model is.
        seed: of the choice of points.
    """

    model: Any
    prepare: Compose
    num_points: int
    device: torch.device
    seed: int = 0

    def label_points(self, pos: np.ndarray, category: int) -> np.ndarray:
        """The part of each point. The cloud is dealt out into subsets of ``num_points``, each of which is a cloud to
        the model, so that memory is bounded for any number of points.

        Args:
            pos: the points.
            category: the class of the cloud.

        Shapes:
            - **pos:** ``[m, 3]``, **output:** int64 ``[m]``

        Raises:
            ConfigError: what prepares the cloud leaves points out, which then would have no label.
            ConcluError: scores that are not finite.
        """
        prepared = self._prepared(pos)
        found = torch.zeros(len(pos), dtype=torch.bool)
        found[prepared.index] = True
        missing = int((~found).sum())
        if missing:
            raise ConfigError(
                f"dataset.transform leaves out {missing:,} of the {len(pos):,} points of a cloud, and each needs a "
                "label; train with a dataset.transform that keeps all points."
            )
        labels = torch.empty(len(pos), dtype=torch.long)

        def assign(indices: Tensor, probabilities: Tensor) -> None:
            labels[prepared.index[indices.flatten()]] = probabilities.argmax(dim=1)

        subsets = self._subsets(len(prepared.pos))
        predict_subsets(self.model, prepared.pos, subsets, self.device, assign, y=category)
        return labels.numpy()

    def classify(self, pos: np.ndarray, most_subsets: int = 10) -> np.ndarray:
        """The probability of each class, averaged over several subsets of ``num_points`` points where there are more.

        Shapes:
            - **pos:** ``[m, 3]``, **output:** float32 ``[classes]``

        Raises:
            ConcluError: scores that are not finite.
        """
        prepared = self._prepared(pos).pos
        subsets = self._subsets(len(prepared))[:most_subsets]
        found: list[Tensor] = []
        predict_subsets(self.model, prepared, subsets, self.device, lambda _, probability: found.append(probability))
        return torch.cat(found).mean(dim=0).numpy()

    def _prepared(self, pos: np.ndarray) -> Data:
        """The cloud as the model is to see it, with ``index``, which point of ``pos`` each of its points is."""
        points = torch.from_numpy(np.ascontiguousarray(pos, dtype=np.float32))
        prepared = self.prepare(Data(pos=points, index=torch.arange(len(pos))))
        index = prepared.get("index")
        if index is None or len(index) != len(prepared.pos):
            raise ConfigError(
                "dataset.transform does not say which points it keeps: its steps must carry along whatever has a value "
                "for each point, as those of conclu_pyg.transforms do."
            )
        return prepared

    def _subsets(self, size: int) -> Tensor:
        return random_subsets(size, self.num_points, torch.Generator().manual_seed(self.seed))
