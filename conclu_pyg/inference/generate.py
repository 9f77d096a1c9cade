"""Clouds that a trained method generates."""

from __future__ import annotations

import numpy as np
import torch

from conclu_pyg.errors import ConfigError
from conclu_pyg.runs.loaded_run import LoadedRun

BATCH = 64


def generate_clouds(run: LoadedRun, num: int, seed: int = 0) -> np.ndarray:
    """Return clouds that the method of a run generates. The first ones do not depend on ``num``.

    Args:
        run: its method has ``generate(noise)`` and ``noise_channels``, as
            :class:`~conclu_pyg.methods.latent_gan.LatentGAN` has them.
        num: number of clouds.
        seed: of the noise (default: 0).

    Shapes:
        - **output:** float32 ``[num, N, 3]``, in the coordinates of the training clouds

    Raises:
        ConfigError: the method generates nothing.
    """
    method, kind = run.method, type(run.method).__name__
    if not callable(getattr(method, "generate", None)):
        raise ConfigError(f"expected a run of a method that generates clouds, such as LatentGAN, got {kind}.", got=kind)
    method.to(run.device).eval()
    generator = torch.Generator().manual_seed(seed)
    noise = torch.stack([torch.randn(method.noise_channels, generator=generator) for _ in range(num)])
    clouds = torch.cat([method.generate(part.to(run.device)).cpu() for part in noise.split(BATCH)])
    output: np.ndarray = clouds.float().numpy()
    return output
