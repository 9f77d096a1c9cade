"""Clouds that a trained method generates."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

import numpy as np
import torch
from torch import Tensor

from conclu_pyg.errors import ConfigError
from conclu_pyg.nn.evaluating import evaluating
from conclu_pyg.runs.loaded_run import LoadedRun

BATCH = 64


@runtime_checkable
class Generates(Protocol):
    """A method that generates clouds, as :class:`~conclu_pyg.methods.latent_gan.LatentGAN` does.

    Attributes:
        noise_channels: size of the noise of a cloud.
    """

    noise_channels: int

    def generate(self, noise: Tensor) -> Tensor:
        """Return the clouds that are generated from standard normal noise, in evaluation mode.

        Shapes:
            - **noise:** ``[B, noise_channels]``, **output:** ``[B, N, 3]``
        """
        ...


def generate_clouds(run: LoadedRun, num: int, seed: int = 0) -> np.ndarray:
    """Return clouds that the method of a run generates. The first ones do not depend on ``num``.

    Args:
        run: a run of a method that :class:`Generates` clouds.
        num: number of clouds.
        seed: of the noise (default: 0).

    Shapes:
        - **output:** float32 ``[num, N, 3]``, in the coordinates of the training clouds

    Raises:
        ConfigError: the method generates nothing.
    """
    method, kind = run.method, type(run.method).__name__
    if not isinstance(method, Generates):
        raise ConfigError(
            f"expected a run of a method with generate() and noise_channels, such as LatentGAN, got {kind}; give a run "
            "of such a method.",
            got=kind,
        )
    run.method.to(run.device)
    generator = torch.Generator().manual_seed(seed)
    noise = torch.stack([torch.randn(method.noise_channels, generator=generator) for _ in range(num)])
    with evaluating(run.method):
        clouds = torch.cat([method.generate(part.to(run.device)).cpu() for part in noise.split(BATCH)])
    output: np.ndarray = clouds.float().numpy()
    return output
