"""MRTNet: an auto-encoder whose decoder grows a tree of points."""

from __future__ import annotations

from typing import Any

from conclu_pyg.arguments import validated
from conclu_pyg.constraints import PositiveInt
from conclu_pyg.methods.autoencoder import Autoencoder, LossName
from conclu_pyg.registry import METHODS


@METHODS.register_module()
class MRTNet(Autoencoder):
    r"""`MRTNet <https://arxiv.org/abs/1807.03520>`_: an :class:`~conclu_pyg.methods.autoencoder.Autoencoder` whose
    decoder grows a tree of points on three resolutions, trained by the Chamfer distance of its finest one (section 3).

    The paper's encoder is :class:`~conclu_pyg.encoders.mrt_net.MRTNetEncoder`, which orders the points by a k-d tree;
    any encoder serves. The paper's variational term, which is for generation, is left out.

    Args:
        encoder: config of the encoder, or the encoder.
        decoder: config of the decoder (default: :class:`~conclu_pyg.decoders.tree.TreeDecoder` with 1024 points).
        loss: as for :class:`~conclu_pyg.methods.autoencoder.Autoencoder` (default: chamfer).
        num_points: points of the cloud that the encoder sees (default: 1024).

    Raises:
        ArgumentError, ConfigError: as :class:`~conclu_pyg.methods.autoencoder.Autoencoder`.
    """

    @validated
    def __init__(
        self, encoder: Any, decoder: Any = None, loss: LossName = "chamfer", num_points: PositiveInt = 1024
    ) -> None:
        super().__init__(encoder, decoder or {"name": "TreeDecoder"}, loss, num_points)
