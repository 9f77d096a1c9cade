"""BYOL: the prediction of one view against a momentum network's projection of the other."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor
from torch_geometric.data import Batch

from conclu_pyg.arguments import validated
from conclu_pyg.constraints import Probability
from conclu_pyg.losses import contrast_loss
from conclu_pyg.methods.base import MethodOutput, Progress
from conclu_pyg.methods.diagnostics import collapse_warnings, projection_std
from conclu_pyg.methods.siamese import Siamese, project
from conclu_pyg.nn.momentum import MomentumCopy
from conclu_pyg.registry import METHODS


@METHODS.register_module()
class BYOL(Siamese):
    r"""`BYOL <https://arxiv.org/abs/2006.07733>`_ (section 3) on point clouds, with
    :class:`~conclu_pyg.methods.siamese.Siamese`'s networks as the online network.

    .. math::
        L = \frac{1}{B} \sum_i D(q_i^a, t_i^b) + D(q_i^b, t_i^a), \qquad D(q, t) = 2 - 2 \cos(q, t)

    The targets t are projections by momentum copies of the encoder and the projector.

    Args:
        encoder, projector, predictor: as for :class:`~conclu_pyg.methods.siamese.Siamese`.
        momentum: of the target network at the start, in [0, 1]; it rises to 1 by a cosine. The paper's 0.996 is for
            hundreds of thousands of steps; a run of a few hundred needs a lower one (default: 0.996).

    Raises:
        ArgumentError: ``momentum`` is outside [0, 1].
        ConfigError: an encoder without ``out_channels``.
    """

    @validated
    def __init__(
        self, encoder: Any, projector: Any = None, predictor: Any = None, momentum: Probability = 0.996
    ) -> None:
        super().__init__(encoder, projector, predictor)
        self.target_encoder = MomentumCopy(self.encoder, momentum)
        self.target_projector = MomentumCopy(self.projector, momentum)

    def forward(self, views: Mapping[str, Batch]) -> MethodOutput:
        z_a, q_a = self.embed(views["a"])  # (B, D) each
        _, q_b = self.embed(views["b"])
        loss = contrast_loss(q_a, q_b, self._target(views["a"]), self._target(views["b"]))
        return MethodOutput({"contrast": loss}, {"projection_std": projection_std(z_a)})

    @torch.no_grad()
    def _target(self, view: Batch) -> Tensor:
        return project(self.target_encoder.module, self.target_projector.module, view)

    def after_step(self, progress: Progress) -> None:
        self.target_encoder.update(self.encoder, progress.fraction)
        self.target_projector.update(self.projector, progress.fraction)

    def loss_names(self) -> list[str]:
        return ["contrast"]

    def warnings(self, metrics: Mapping[str, float]) -> list[str]:
        return collapse_warnings(metrics)
