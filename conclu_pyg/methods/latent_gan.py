"""l-GAN: a generative adversarial network on the features of an auto-encoder."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Any, ClassVar

import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch_geometric.data import Batch

from conclu_pyg.arguments import validated
from conclu_pyg.constraints import PositiveFloat, PositiveInt, PositiveInts
from conclu_pyg.encoders.base import channels_of, pooled_features
from conclu_pyg.losses.critic import gradient_penalty
from conclu_pyg.methods.base import Method, MethodOutput, Progress
from conclu_pyg.registry import DECODERS, ENCODERS, METHODS

NOISE_STD = 0.2  # as in the authors' code


@METHODS.register_module()
class LatentGAN(Method):
    r"""The second stage of `l-GAN <https://arxiv.org/abs/1707.02392>`_ (section 4.2): a Wasserstein GAN with gradient
    penalty (`Gulrajani et al. <https://arxiv.org/abs/1704.00028>`_, equation 3) on the features z of a trained
    auto-encoder, whose encoder and decoder stay as they are.

    .. math::
        L_{critic} &= \frac{1}{B} \sum_i D(G(n_i)) - D(z_i)
            + \lambda \left( \lVert \nabla D(\hat z_i) \rVert - 1 \right)^2 \\
        L_{generator} &= - \frac{1}{B} \sum_i D(G(n_i))

    with noise n of standard deviation 0.2, and :math:`\hat z` on the line between a feature and a generated one. The
    features that are evaluated are those of the auto-encoder. Give ``encoder`` and ``decoder`` the ``checkpoint`` of
    the first stage, as ``configs/latentgan_pointnet.yaml`` does.

    Both losses are computed from the same clouds in each step; the generator moves in every ``critic_steps``-th step
    only, by the critic before its own move. The paper's generator ends with a ReLU, since its features are above 0;
    here it is linear, for any encoder.

    Args:
        encoder: config of the encoder, or the encoder.
        decoder: config of the decoder, or the decoder (default: :class:`~conclu_pyg.decoders.mlp.MLPDecoder`).
        noise_channels: size of the noise (default: 128).
        generator_channels: sizes of the hidden layers of the generator (default: 128).
        critic_channels: sizes of the hidden layers of the critic (default: 256 and 512).
        penalty: :math:`\lambda` (default: 10).
        critic_steps: steps of the critic for one of the generator (default: 5).
        num_points: points of the cloud that the encoder sees (default: 1024).

    Raises:
        ArgumentError: a number out of its range.
        ConfigError: an encoder without ``out_channels``.
    """

    components: ClassVar = {"encoder": ENCODERS, "decoder": DECODERS}
    not_promised = ("trains_encoder", "learns")  # the encoder is that of the first stage, and the losses are a game's

    @validated
    def __init__(
        self,
        encoder: Any,
        decoder: Any = None,
        noise_channels: PositiveInt = 128,
        generator_channels: PositiveInts = (128,),
        critic_channels: PositiveInts = (256, 512),
        penalty: PositiveFloat = 10.0,
        critic_steps: PositiveInt = 5,
        num_points: PositiveInt = 1024,
    ) -> None:
        super().__init__()
        self.views = {"cloud": [{"name": "FixedPoints", "num_points": num_points}]}
        self.encoder = ENCODERS.build(encoder).requires_grad_(False)
        channels = channels_of(self.encoder)
        self.decoder = DECODERS.build(decoder or {"name": "MLPDecoder"}, {"in_channels": channels}).requires_grad_(
            False
        )
        self.generator = _perceptron([noise_channels, *generator_channels, channels])
        self.critic = _perceptron([channels, *critic_channels, 1])
        self.noise_channels, self.penalty, self.critic_steps = noise_channels, penalty, critic_steps

    def train(self, mode: bool = True) -> LatentGAN:
        super().train(mode)
        self.encoder.eval()
        self.decoder.eval()
        return self

    def forward(self, views: Mapping[str, Batch]) -> MethodOutput:
        with torch.no_grad():
            real = pooled_features(self.encoder, views["cloud"])  # (B, C)
        noise = torch.randn(len(real), self.noise_channels, device=real.device, dtype=real.dtype)
        generated = self.generator(NOISE_STD * noise)
        fixed = {name: parameter.detach() for name, parameter in self.critic.named_parameters()}
        generator_loss = -functional_call(self.critic, fixed, generated).mean()
        generated = generated.detach()
        distance = self.critic(real).mean() - self.critic(generated).mean()
        penalty = gradient_penalty(self.critic, real, generated)
        losses = {"critic": self.penalty * penalty - distance, "generator": generator_loss}
        return MethodOutput(losses, {"wasserstein": distance.detach()})

    def before_step(self, progress: Progress) -> None:
        if (progress.step + 1) % self.critic_steps:
            for parameter in self.generator.parameters():
                parameter.grad = None  # the optimiser leaves it as it is

    @torch.no_grad()
    def generate(self, noise: Tensor) -> Tensor:
        """Return the clouds that are generated from standard normal noise, in evaluation mode.

        Shapes:
            - **noise:** ``[B, noise_channels]``, **output:** ``[B, decoder.num_points, 3]``
        """
        output: Tensor = self.decoder(self.generator(NOISE_STD * noise))
        return output

    def loss_names(self) -> list[str]:
        return ["critic", "generator"]


def _perceptron(channels: list[int]) -> nn.Sequential:
    """Return linear layers with ReLU between them, without norms, which the gradient penalty does not allow."""
    layers: list[nn.Module] = []
    for fan_in, fan_out in pairwise(channels):
        layers += [nn.Linear(fan_in, fan_out), nn.ReLU()]
    return nn.Sequential(*layers[:-1])
