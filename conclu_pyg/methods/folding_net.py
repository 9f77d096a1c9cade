"""FoldingNet: an auto-encoder whose decoder folds a grid."""

from __future__ import annotations

from typing import Any

from conclu_pyg.arguments import validated
from conclu_pyg.constraints import PositiveInt
from conclu_pyg.methods.autoencoder import Autoencoder, LossName
from conclu_pyg.registry import METHODS


@METHODS.register_module()
class FoldingNet(Autoencoder):
    r"""`FoldingNet <https://arxiv.org/abs/1712.07262>`_: an :class:`~conclu_pyg.methods.autoencoder.Autoencoder` whose
    decoder folds a grid of 45 by 45 points twice (section 3.2), trained by the larger direction of the Chamfer distance
    (equation 1).

    The paper's encoder is :class:`~conclu_pyg.encoders.folding_net.FoldingNetEncoder`; any encoder serves.

    Args:
        encoder: config of the encoder, or the encoder.
        decoder: config of the decoder (default: :class:`~conclu_pyg.decoders.folding.FoldingDecoder` with 2025 points).
        loss: as for :class:`~conclu_pyg.methods.autoencoder.Autoencoder` (default: chamfer_max).
        num_points: points of the cloud that the encoder sees (default: 2048, as in the paper).

    Raises:
        ArgumentError, ConfigError: as :class:`~conclu_pyg.methods.autoencoder.Autoencoder`.
    """

    @validated
    def __init__(
        self, encoder: Any, decoder: Any = None, loss: LossName = "chamfer_max", num_points: PositiveInt = 2048
    ) -> None:
        super().__init__(encoder, decoder or {"name": "FoldingDecoder", "num_points": 2025}, loss, num_points)
