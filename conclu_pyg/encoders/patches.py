"""The interface of encoders whose patches can be masked.

Such an encoder divides each cloud into patches and makes features of any choice of them. It has the methods of
:class:`PatchEncoder` in addition to those of :mod:`conclu_pyg.encoders.base`.
"""

from __future__ import annotations

from typing import Protocol, cast

from torch import Tensor, nn

from conclu_pyg.errors import ConfigError
from conclu_pyg.nn.patches import Patches
from conclu_pyg.registry import ENCODERS

METHODS_OF_PATCHES = ("divide", "encode_patches")


class PatchEncoder(Protocol):
    """Type of these encoders, which are ``torch.nn.Module`` in addition.

    Attributes:
        out_channels: C, size of a token.
        patch_size: points of a patch.
    """

    out_channels: int
    patch_size: int

    def divide(self, pos: Tensor, batch: Tensor, batch_size: int) -> Patches:
        """Return the patches of each cloud.

        Shapes:
            - **pos:** ``[M, 3]``, **batch:** ``[M]``
        """
        ...

    def encode_patches(self, patches: Patches) -> Tensor:
        """Return a token of each patch, which depends on the given patches alone.

        Shapes:
            - **output:** ``[B, L, C]``; padding has any finite values
        """
        ...


def patch_encoder(encoder: nn.Module, user: str) -> PatchEncoder:
    """Return the encoder if its class has the methods of :class:`PatchEncoder`.

    Args:
        encoder: any encoder.
        user: the name of the method that needs patches, for the message.

    Raises:
        ConfigError: it has not; the message names encoders that have.
    """
    name = type(encoder).__name__
    if not _has_patches(type(encoder)):
        fitting = ", ".join(key for key in ENCODERS if _has_patches(ENCODERS.get(key)))
        raise ConfigError(
            f"{user}: expected an encoder whose patches can be masked, with the methods "
            f"{' and '.join(METHODS_OF_PATCHES)} (conclu_pyg.encoders.patches), got {name}; use one of: {fitting}.",
            argument="encoder",
            got=name,
        )
    return cast(PatchEncoder, encoder)


def _has_patches(cls: object) -> bool:
    return all(callable(getattr(cls, method, None)) for method in METHODS_OF_PATCHES)
