"""SimSiam: the prediction of one view against the projection of the other, with a stop of the gradient."""

from __future__ import annotations

from collections.abc import Mapping

from torch_geometric.data import Batch

from conclu_pyg.losses import contrast_loss
from conclu_pyg.methods.base import MethodOutput
from conclu_pyg.methods.diagnostics import collapse_warnings, projection_std
from conclu_pyg.methods.siamese import Siamese
from conclu_pyg.registry import METHODS


@METHODS.register_module()
class SimSiam(Siamese):
    r"""`SimSiam <https://arxiv.org/abs/2011.10566>`_ (algorithm 1) on point clouds, with
    :class:`~conclu_pyg.methods.siamese.Siamese`'s networks.

    .. math::
        L = \frac{1}{B} \sum_i D(q_i^a, \mathrm{sg}(z_i^b)) + D(q_i^b, \mathrm{sg}(z_i^a)), \qquad
        D(q, z) = 2 - 2 \cos(q, z)

    That is four times the paper's loss plus 4: its minimum is 0, and AdamW is invariant to the factor.

    Args:
        encoder, projector, predictor: as for :class:`~conclu_pyg.methods.siamese.Siamese`.
    """

    def forward(self, views: Mapping[str, Batch]) -> MethodOutput:
        z_a, q_a = self.embed(views["a"])  # (B, D) each
        z_b, q_b = self.embed(views["b"])
        return MethodOutput({"contrast": contrast_loss(q_a, q_b, z_a, z_b)}, {"projection_std": projection_std(z_a)})

    def loss_names(self) -> list[str]:
        return ["contrast"]

    def warnings(self, metrics: Mapping[str, float]) -> list[str]:
        return collapse_warnings(metrics)
