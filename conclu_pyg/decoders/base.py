"""Outputs of decoders that work from coarse to fine."""

from __future__ import annotations

from torch import Tensor, nn


def decoded_levels(decoder: nn.Module, latent: Tensor) -> list[Tensor]:
    """Return the clouds of all levels of a decoder, from coarse to fine; the last one is the output.

    A decoder may have the method ``levels(latent)``, which returns them; the output of another decoder is its only
    level. A layer that is stored as ``self.levels`` is not called.

    Shapes:
        - **latent:** ``[B, in_channels]``, **output:** ``[B, N_i, 3]`` each
    """
    levels = getattr(type(decoder), "levels", None)
    return levels(decoder, latent) if callable(levels) else [decoder(latent)]
