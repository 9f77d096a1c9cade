"""Siamese methods: an encoder, a projector and a predictor that compare two views of each cloud."""

from __future__ import annotations

from typing import Any, ClassVar

from torch import Tensor, nn
from torch_geometric.data import Batch

from conclu_pyg.encoders.base import channels_of, pooled_features
from conclu_pyg.methods.base import Method
from conclu_pyg.registry import ENCODERS, HEADS


class Siamese(Method):
    """The networks of a siamese method; a subclass adds the losses.

    Args:
        encoder: config of the encoder, or the encoder.
        projector: config of g (default: :class:`~conclu_pyg.heads.projection.ProjectionHead`).
        predictor: config of q (default: :class:`~conclu_pyg.heads.projection.PredictionHead`).

    Raises:
        ConfigError: an encoder without ``out_channels``.
    """

    components: ClassVar = {"encoder": ENCODERS, "projector": HEADS, "predictor": HEADS}

    def __init__(self, encoder: Any, projector: Any = None, predictor: Any = None) -> None:
        super().__init__()
        self.encoder = ENCODERS.build(encoder)
        features = {"in_channels": channels_of(self.encoder)}
        self.projector = HEADS.build(projector or {"name": "ProjectionHead"}, features)
        channels = {"channels": self.projector.out_channels}
        self.predictor = HEADS.build(predictor or {"name": "PredictionHead"}, channels)

    def embed(self, view: Batch) -> tuple[Tensor, Tensor]:
        """Return projections and predictions (ConClu, eq. 1).

        Shapes:
            - **output:** ``[B, D]`` each
        """
        z = project(self.encoder, self.projector, view)
        return z, self.predictor(z)


def project(encoder: nn.Module, projector: nn.Module, view: Batch) -> Tensor:
    """Return the projections of a batch.

    Shapes:
        - **output:** ``[B, D]``
    """
    return projector(pooled_features(encoder, view))
