"""Auto-encoder: reconstruction of clouds from their pooled features."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, ClassVar, Literal

from torch import Tensor
from torch_geometric.data import Batch

from conclu_pyg.arguments import validated
from conclu_pyg.constraints import PositiveInt
from conclu_pyg.encoders.base import channels_of, pooled_features
from conclu_pyg.errors import ConfigError
from conclu_pyg.losses import chamfer_distance, earth_movers_distance
from conclu_pyg.methods.base import Method, MethodOutput
from conclu_pyg.methods.reconstruction import target_points
from conclu_pyg.registry import DECODERS, ENCODERS, METHODS

LossName = Literal["chamfer", "chamfer_max", "emd"]
LOSSES: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "chamfer": chamfer_distance,
    "chamfer_max": partial(chamfer_distance, squared=False, reduction="max"),
    "emd": earth_movers_distance,
}


@METHODS.register_module()
class Autoencoder(Method):
    r"""Trains an encoder with a decoder that reconstructs the cloud from its pooled features
    (`Achlioptas et al. <https://arxiv.org/abs/1707.02392>`_, section 4).

    .. math::
        L = \frac{1}{B} \sum_i d(\mathrm{decoder}(\mathrm{encoder}(cloud_i)), cloud_i)

    The paper's encoder is a PointNet without transform nets of 128 features; here any encoder serves.

    Args:
        encoder: config of the encoder, or the encoder.
        decoder: config of the decoder (default: :class:`~conclu_pyg.decoders.mlp.MLPDecoder` with ``num_points``
            points).
        loss: the distance d: ``chamfer``, the sum of both directions of squared distances; ``chamfer_max``, the larger
            direction of distances; ``emd``, the earth mover's distance (default: chamfer).
        num_points: points of the cloud that the encoder sees (default: 1024).

    Raises:
        ArgumentError: a number below 1, or another ``loss``.
        ConfigError: an encoder without ``out_channels``; ``emd`` for clouds of different sizes; or, in ``forward``, a
            view whose clouds differ in their number of points.
    """

    components: ClassVar = {"encoder": ENCODERS, "decoder": DECODERS}

    @validated
    def __init__(
        self, encoder: Any, decoder: Any = None, loss: LossName = "chamfer", num_points: PositiveInt = 1024
    ) -> None:
        super().__init__()
        self.views = {"cloud": [{"name": "FixedPoints", "num_points": num_points}]}
        self.encoder = ENCODERS.build(encoder)
        config = decoder or {"name": "MLPDecoder", "num_points": num_points}
        self.decoder = DECODERS.build(config, {"in_channels": channels_of(self.encoder)})
        if loss == "emd" and self.decoder.num_points != num_points:
            raise ConfigError(
                f"{type(self).__name__}: the earth mover's distance needs as many points as the decoder has, "
                f"{self.decoder.num_points}, got num_points={num_points}; set both to one number.",
                argument="num_points",
                got=num_points,
            )
        self.loss = loss

    def forward(self, views: Mapping[str, Batch]) -> MethodOutput:
        target = target_points(views, "cloud")
        return MethodOutput({"reconstruction": LOSSES[self.loss](self.reconstruct(views["cloud"]), target).mean()})

    def reconstruct(self, clouds: Batch) -> Tensor:
        """Return the clouds that the decoder makes of the features of ``clouds``.

        Shapes:
            - **output:** ``[B, decoder.num_points, 3]``
        """
        output: Tensor = self.decoder(pooled_features(self.encoder, clouds))
        return output

    def loss_names(self) -> list[str]:
        return ["reconstruction"]
