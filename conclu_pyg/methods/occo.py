"""OcCo: completion of clouds that are occluded from a random viewpoint."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from torch_geometric.data import Batch

from conclu_pyg.arguments import validated
from conclu_pyg.constraints import PositiveInt
from conclu_pyg.encoders.base import channels_of, pooled_features
from conclu_pyg.errors import ConfigError
from conclu_pyg.losses import chamfer_distance
from conclu_pyg.methods.base import Method, MethodOutput
from conclu_pyg.registry import DECODERS, ENCODERS, METHODS
from conclu_pyg.transforms.clouds import cloud_layout


@METHODS.register_module()
class OcCo(Method):
    r"""`OcCo <https://arxiv.org/abs/2010.01089>`_: the encoder sees what is visible of a cloud from a random viewpoint,
    and a decoder completes it (section 3).

    .. math::
        L = \frac{1}{B} \sum_i d_{CD}(\mathrm{decoder}(\mathrm{encoder}(partial_i)), whole_i)

    with the Chamfer distance of distances that are not squared. The paper's decoder is that of PCN, which completes
    from coarse to fine; here any decoder serves.

    Args:
        encoder: config of the encoder, or the encoder.
        decoder: config of the decoder (default: :class:`~conclu_pyg.decoders.mlp.MLPDecoder`).
        num_points: points of the partial view, and of the whole one (default: 1024).

    Raises:
        ConfigError: an encoder without ``out_channels``, or, in ``forward``, a view ``whole`` whose clouds differ in
            their number of points.
    """

    components: ClassVar = {"encoder": ENCODERS, "decoder": DECODERS}

    @validated
    def __init__(self, encoder: Any, decoder: Any = None, num_points: PositiveInt = 1024) -> None:
        super().__init__()
        sample = {"name": "FixedPoints", "num_points": num_points}
        self.views = {"partial": [{"name": "OccludeFromViewpoint"}, sample], "whole": [sample]}
        self.encoder = ENCODERS.build(encoder)
        self.decoder = DECODERS.build(decoder or {"name": "MLPDecoder"}, {"in_channels": channels_of(self.encoder)})

    def forward(self, views: Mapping[str, Batch]) -> MethodOutput:
        whole = cloud_layout(views["whole"])
        if whole.num_points is None:
            raise ConfigError(
                "OcCo: the clouds of the view 'whole' must have the same number of points, got different ones; end "
                "pipeline.views.whole with a transform that draws a fixed number."
            )
        completed = self.decoder(pooled_features(self.encoder, views["partial"]))  # (B, N, 3)
        target = views["whole"].pos.view(whole.size, whole.num_points, 3)
        return MethodOutput({"completion": chamfer_distance(completed, target, squared=False).mean()})

    def loss_names(self) -> list[str]:
        return ["completion"]
