"""What a model of a labelled task predicts for one cloud of any size."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch_geometric.data import Data
from torch_geometric.transforms import Compose

from conclu_pyg.data.batch import batch_clouds
from conclu_pyg.inference.subsets import in_batches, random_subsets


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
        """
        subsets = self._subsets(len(pos))
        labels = torch.empty(len(pos), dtype=torch.long)
        for indices, log_probability in self._run(pos, subsets, category):
            labels[indices.flatten()] = log_probability.argmax(dim=1).cpu()
        return labels.numpy()

    def classify(self, pos: np.ndarray, most_subsets: int = 10) -> np.ndarray:
        """The probability of each class, averaged over several subsets of ``num_points`` points where there are more.

        Shapes:
            - **pos:** ``[m, 3]``, **output:** float32 ``[classes]``
        """
        subsets = self._subsets(len(pos))[:most_subsets]
        parts = [log_probability.exp() for _, log_probability in self._run(pos, subsets, 0)]
        return torch.cat(parts).mean(dim=0).cpu().numpy()

    def _subsets(self, size: int) -> Tensor:
        return random_subsets(size, self.num_points, torch.Generator().manual_seed(self.seed))

    @torch.inference_mode()
    def _run(self, pos: np.ndarray, subsets: Tensor, category: int) -> Any:
        prepared = self.prepare(Data(pos=torch.from_numpy(np.ascontiguousarray(pos, dtype=np.float32)))).pos
        for indices in in_batches(subsets):
            clouds = batch_clouds(prepared[indices], y=torch.full((len(indices),), category)).to(self.device)
            yield indices, self.model.log_probabilities(self.model(clouds), clouds)
