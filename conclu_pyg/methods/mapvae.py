"""MAP-VAE: prediction of back halves from front halves at several angles, and variational self-reconstruction."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import torch
from torch import Tensor, nn
from torch_geometric.data import Batch

from conclu_pyg.arguments import validated
from conclu_pyg.constraints import NonNegativeFloat, PositiveInt
from conclu_pyg.data.batch import batch_clouds
from conclu_pyg.encoders.base import channels_of, pooled_features
from conclu_pyg.errors import ConfigError
from conclu_pyg.losses import chamfer_distance
from conclu_pyg.methods.base import Method, MethodOutput
from conclu_pyg.registry import DECODERS, ENCODERS, METHODS
from conclu_pyg.transforms.clouds import cloud_layout


@METHODS.register_module()
class MAPVAE(Method):
    r"""`MAP-VAE <https://arxiv.org/abs/1907.12704>`_ (Han et al., 2019): from V angles about the vertical axis, a
    sequence model predicts the back half of a cloud from its front half; a variational auto-encoder reconstructs the
    whole cloud.

    .. math::
        L = d(G(z), P) + \frac{w_{half}}{V} \sum_v d(R(\hat{b}_v), B_v)
        + w_{KL} \, \frac{1}{2} \sum_j (\mu_j^2 + \sigma_j^2 - 1 - \log \sigma_j^2)

    With the encoder f: mu and log sigma^2 are linear in f(P); z = mu + sigma epsilon in training, with normal epsilon,
    and z = mu in evaluation. A recurrent network (GRU) reads the features f(F_v) of the front halves in the order of
    the angles; its last state is the input of each step of another one, which gives the features b_v of the back
    halves. G and R are decoders, and d is the Chamfer distance with squared distances.

    The paper has the earth mover's distance for d, and an encoder of local regions. Here each front half is encoded as
    a cloud of its own, so that any encoder serves and none sees the back half. Sizes and weights are ours.

    Args:
        encoder: config of the encoder, or the encoder.
        decoder: config of the decoders G and R; each gets its own number of points (default:
            :class:`~conclu_pyg.decoders.mlp.MLPDecoder` with hidden layers of 512).
        num_angles: V (default: 12).
        num_points: points of a cloud, of which each half has half; an even number (default: 1024).
        latent_channels: size of z (default: 128).
        hidden_channels: size of the states of the recurrent networks (default: 256).
        half_weight: weight of the prediction (default: 1).
        kl_weight: weight of the divergence from the normal distribution (default: 0.001).

    Raises:
        ArgumentError: an argument outside its range.
        ConfigError: an encoder without ``out_channels``; ``num_points`` is odd; a decoder that is no config, has
            ``num_points`` or needs another number; or, in ``forward``, clouds that differ in their number of points.
    """

    components: ClassVar = {"encoder": ENCODERS, "decoder": DECODERS}

    @validated
    def __init__(
        self,
        encoder: Any,
        decoder: Any = None,
        num_angles: PositiveInt = 12,
        num_points: PositiveInt = 1024,
        latent_channels: PositiveInt = 128,
        hidden_channels: PositiveInt = 256,
        half_weight: NonNegativeFloat = 1.0,
        kl_weight: NonNegativeFloat = 0.001,
    ) -> None:
        if num_points % 2:
            raise ConfigError(
                f"MAPVAE: num_points must be even, got {num_points}.", argument="num_points", got=num_points
            )
        super().__init__()
        split = {"name": "SplitByAngles", "num_angles": num_angles}
        self.views = {"split": [{"name": "FixedPoints", "num_points": num_points}, split]}
        self.encoder = ENCODERS.build(encoder)
        channels = channels_of(self.encoder)
        config = decoder or {"name": "MLPDecoder", "hidden_channels": [512, 512]}
        self.moments = nn.Linear(channels, 2 * latent_channels)
        self.decode_whole = _decoder(config, latent_channels, num_points)
        self.aggregate = nn.GRU(channels, hidden_channels, batch_first=True)
        self.predict = nn.GRU(hidden_channels, hidden_channels, batch_first=True)
        self.decode_half = _decoder(config, hidden_channels, num_points // 2)
        self.num_angles, self.half_weight, self.kl_weight = num_angles, half_weight, kl_weight

    def forward(self, views: Mapping[str, Batch]) -> MethodOutput:
        view, clouds = views["split"], cloud_layout(views["split"])
        if clouds.num_points is None or clouds.num_points % 2:
            raise ConfigError("MAPVAE: the clouds of the view 'split' must have the same even number of points.")
        target = view.pos.view(clouds.size, -1, 3)  # (B, N, 3)
        moments = self.moments(pooled_features(self.encoder, view)).to(target.dtype)  # not in half precision
        mean, log_variance = moments.chunk(2, dim=1)
        z = mean + (0.5 * log_variance).exp() * torch.randn_like(mean) if self.training else mean
        divergence = 0.5 * (mean.square() + log_variance.exp() - 1 - log_variance).sum(dim=1)
        front, back = self.halves(target, view.front.view(clouds.size, -1, self.num_angles))
        losses = {
            "reconstruction": chamfer_distance(self.decode_whole(z), target).mean(),
            "half": self.half_weight * chamfer_distance(self.decode_half(self.back_features(front)), back).mean(),
            "divergence": self.kl_weight * divergence.mean(),
        }
        return MethodOutput(losses)

    def halves(self, pos: Tensor, front: Tensor) -> tuple[Tensor, Tensor]:
        """Return the front and the back halves from each angle.

        Shapes:
            - **pos:** ``[B, N, 3]``, **front:** bool ``[B, N, V]``, **output:** ``[B * V, N / 2, 3]`` each
        """
        size, num_points, angles = front.shape
        mask, each = front.transpose(1, 2), pos[:, None].expand(-1, angles, -1, -1)  # (B, V, N), (B, V, N, 3)
        shape = (size * angles, num_points // 2, 3)
        return each[mask].view(shape), each[~mask].view(shape)

    def back_features(self, front: Tensor) -> Tensor:
        """Return the features of the back halves that the sequence of front halves gives.

        Shapes:
            - **front:** ``[B * V, N / 2, 3]``, **output:** ``[B * V, hidden_channels]``
        """
        features = pooled_features(self.encoder, batch_clouds(front).to(front.device))
        _, state = self.aggregate(features.view(-1, self.num_angles, features.size(1)))  # (1, B, hidden_channels)
        predicted, _ = self.predict(state[0][:, None].expand(-1, self.num_angles, -1))  # (B, V, hidden_channels)
        return predicted.flatten(0, 1)

    def loss_names(self) -> list[str]:
        return ["reconstruction", "half", "divergence"]


def _decoder(config: Any, in_channels: int, num_points: int) -> Any:
    cls, arguments, _ = DECODERS.parse(config)
    if (got := arguments.get("num_points")) is not None:
        message = f"MAPVAE: expected a decoder without num_points, got {got}; give num_points of the method."
        raise ConfigError(message, argument="num_points", got=got)
    try:
        return DECODERS.build(config, {"in_channels": in_channels, "num_points": num_points})
    except ConfigError as error:
        if error.argument != "num_points":
            raise
        raise ConfigError(
            f"MAPVAE: expected a decoder for {num_points} points, got {cls.__name__}, which needs another number "
            f"({error.expected}); give another decoder, such as MLPDecoder, or another num_points.",
            argument="decoder",
            got=cls.__name__,
        ) from error
