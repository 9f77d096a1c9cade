"""Point-MAE's encoder: a plain transformer on patches of points."""

from __future__ import annotations

from typing import Annotated

import torch
from annotated_types import MaxLen, MinLen
from torch import Tensor, nn

from conclu_pyg.arguments import validated
from conclu_pyg.constraints import PositiveInt, PositiveInts
from conclu_pyg.encoders.checks import checked_input
from conclu_pyg.encoders.parts import pool_in_parts
from conclu_pyg.neighbors.base import check_range
from conclu_pyg.nn.interpolation import interpolation_weights
from conclu_pyg.nn.padded import padded, unpadded
from conclu_pyg.nn.patch_embedding import PatchEmbedding
from conclu_pyg.nn.patches import Patches, divide
from conclu_pyg.nn.transformer import PointTokens, pool_tokens
from conclu_pyg.registry import ENCODERS

NUM_LAYERS = 3  # whose features part segmentation reads


@ENCODERS.register_module()
class PointTransformer(nn.Module):
    """The encoder of `Point-MAE <https://arxiv.org/abs/2203.06604>`_ (section 3 and its code): patches around points
    that are far from each other, a token of each by a small PointNet, and transformer blocks on the tokens and the
    positions of their centers. It is not the network of Zhao et al. of the same name.

    The pooled features are the sum of the mean and the maximum of the tokens, as in the authors' code. The features of
    a point are those of the three nearest centers, weighted by their inverse squared distances.

    Centers are the same in any order of the points and in any batch (:mod:`conclu_pyg.nn.farthest_points`), and no
    cloud depends on the others. The authors' stochastic depth is left out. Memory grows with the number of points times
    ``num_patches``.

    Args:
        out_channels: size of the tokens and number of features, a multiple of ``num_heads`` (default: 192; the paper
            has 384).
        depth: transformer blocks (default: 4; the paper has 12).
        num_heads: attention heads (default: 4; the paper has 6).
        num_patches: patches of a cloud; a cloud has no more than it has different positions (default: 64, as in the
            paper for 1,024 points).
        patch_size: points of a patch (default: 32, as in the paper).
        patch_channels: sizes of the first two layers of the small PointNet (default: 32 and 64; the paper has 128
            and 256).

    Shapes:
        - **pos:** ``[M, 3]``, **batch:** ``[M]``
        - **output:** per-point features ``[M, out_channels]``, pooled features ``[B, out_channels]``

    Attributes:
        layer_channels: numbers of channels of the features that :meth:`layers` returns.

    Raises:
        ArgumentError: a size below 1, or ``num_heads`` does not divide ``out_channels``.
        DataError: the input violates the contract of encoders (:mod:`conclu_pyg.encoders.base`), or points are so far
            apart that their squared distance is not finite.
    """

    @validated
    def __init__(
        self,
        out_channels: PositiveInt = 192,
        depth: PositiveInt = 4,
        num_heads: PositiveInt = 4,
        num_patches: PositiveInt = 64,
        patch_size: PositiveInt = 32,
        patch_channels: Annotated[PositiveInts, MinLen(2), MaxLen(2)] = (32, 64),
    ) -> None:
        super().__init__()
        self.out_channels, self.num_patches, self.patch_size = out_channels, num_patches, patch_size
        self.embedding = PatchEmbedding((patch_channels[0], patch_channels[1]), out_channels)
        self.tokens = PointTokens(out_channels, depth, num_heads)
        self.read_blocks = sorted({-(-depth * i // NUM_LAYERS) - 1 for i in range(1, NUM_LAYERS + 1)})
        self.layer_channels = [3, *[out_channels] * len(self.read_blocks)]

    @checked_input
    def forward(self, pos: Tensor, batch: Tensor, batch_size: int) -> tuple[Tensor, Tensor]:
        check_range(pos)
        x, mask = padded(pos, batch, batch_size)
        patches = self._divide(x, mask)
        tokens = self.encode_patches(patches)
        points = _interpolated(x, patches, tokens)
        return unpadded(points, mask), pool_tokens(tokens, patches.valid)

    @checked_input
    def pool(self, pos: Tensor, batch: Tensor, batch_size: int) -> Tensor:
        """Return the pooled features only, without the interpolation."""
        return pool_in_parts(self, self._pool, pos, batch, batch_size)

    @checked_input
    def layers(self, pos: Tensor, batch: Tensor, batch_size: int) -> tuple[list[Tensor], Tensor]:
        """Return the coordinates and the interpolated features after each third of the blocks, as Point-MAE's part
        segmentation reads them, and the pooled features.

        Shapes:
            - **output:** ``[M, c]`` for each c of ``layer_channels``, pooled features ``[B, out_channels]``
        """
        check_range(pos)
        x, mask = padded(pos, batch, batch_size)
        patches = self._divide(x, mask)
        outputs = self._outputs(patches)
        points = _interpolated(x, patches, torch.cat([outputs[block] for block in self.read_blocks], dim=2))
        layers = unpadded(points, mask).split(self.out_channels, dim=1)
        return [pos, *layers], pool_tokens(outputs[-1], patches.valid)

    def divide(self, pos: Tensor, batch: Tensor, batch_size: int) -> Patches:
        """Return the patches of each cloud; see :class:`~conclu_pyg.encoders.patches.PatchEncoder`."""
        check_range(pos)
        return self._divide(*padded(pos, batch, batch_size))

    def encode_patches(self, patches: Patches) -> Tensor:
        """Return the tokens of the given patches; see :class:`~conclu_pyg.encoders.patches.PatchEncoder`."""
        return self._outputs(patches)[-1]

    def _divide(self, x: Tensor, mask: Tensor) -> Patches:
        return divide(x, mask, self.num_patches, self.patch_size)

    def _outputs(self, patches: Patches) -> list[Tensor]:
        embedded = self.embedding(unpadded(patches.points.flatten(2), patches.valid).unflatten(1, (-1, 3)))
        tokens = embedded.new_zeros(*patches.valid.shape, self.out_channels)
        tokens = tokens.masked_scatter(patches.valid[:, :, None], embedded)
        return self.tokens.outputs(tokens, patches.centers, patches.valid)

    def _pool(self, pos: Tensor, batch: Tensor, batch_size: int) -> Tensor:
        patches = self.divide(pos, batch, batch_size)
        return pool_tokens(self.encode_patches(patches), patches.valid)


def _interpolated(pos: Tensor, patches: Patches, tokens: Tensor) -> Tensor:
    """Return the features of all points.

    Shapes:
        - **pos:** ``[B, N, 3]``, **tokens:** ``[B, L, C]``, **output:** ``[B, N, C]``
    """
    return interpolation_weights(pos, patches.centers, patches.valid).to(tokens.dtype) @ tokens
