"""Point-MAE: reconstruction of masked patches by a transformer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

import torch
from annotated_types import Gt, Lt
from torch import Tensor, nn
from torch_geometric.data import Batch

from conclu_pyg.arguments import validated
from conclu_pyg.constraints import PositiveInt
from conclu_pyg.encoders.base import channels_of
from conclu_pyg.encoders.checks import check_input
from conclu_pyg.encoders.patches import patch_encoder
from conclu_pyg.losses import chamfer_distance
from conclu_pyg.methods.base import Method, MethodOutput
from conclu_pyg.nn.patches import Patches
from conclu_pyg.nn.transformer import INIT_STD, PointTokens
from conclu_pyg.registry import ENCODERS, METHODS

MaskRatio = Annotated[float, Gt(0), Lt(1)]


@METHODS.register_module()
class PointMAE(Method):
    r"""`Point-MAE <https://arxiv.org/abs/2203.06604>`_ (Pang et al., 2022, section 3): the encoder sees a part of a
    cloud's patches, chosen at random, and a light decoder predicts the points of the others.

    .. math::
        L = \frac{1}{|H|} \sum_{h \in H} d_{CD}(\hat{P}_h, P_h)

    with the hidden patches H of all clouds, their points :math:`P_h` relative to the center of the patch, and the
    Chamfer distance of squared distances. The encoder gets visible patches and their positions only; the decoder gets
    the encoder's tokens, one learned token in place of each hidden patch, and the positions of all patches, and a
    linear layer maps its hidden tokens to points.

    Of L patches, floor(``mask_ratio`` L) are hidden, but at least one is hidden and one visible. The statistics of the
    encoder's batch norms are of visible patches too; the authors' code embeds all patches before it drops the hidden
    ones. Patches overlap, so a visible one may have points of a hidden one, as in the paper.

    Args:
        encoder: config of the encoder, or the encoder; its patches must be maskable
            (:mod:`conclu_pyg.encoders.patches`), as those of
            :class:`~conclu_pyg.encoders.point_transformer.PointTransformer`.
        mask_ratio: share of hidden patches, above 0 and below 1 (default: 0.6, as in the paper).
        decoder_depth: transformer blocks of the decoder (default: 2; the paper has 4).
        decoder_heads: attention heads of the decoder, a divisor of the encoder's ``out_channels`` (default: 4; the
            paper has 6).
        num_points: points of the view, which is scaled along each axis by 2/3 to 3/2 and moved by at most 0.2, as in
            the authors' code (default: 1024).

    Raises:
        ArgumentError: an argument outside its range, or ``decoder_heads`` does not divide ``out_channels``.
        ConfigError: an encoder without ``out_channels``, or whose patches cannot be masked.
    """

    components: ClassVar = {"encoder": ENCODERS}

    @validated
    def __init__(
        self,
        encoder: Any,
        mask_ratio: MaskRatio = 0.6,
        decoder_depth: PositiveInt = 2,
        decoder_heads: PositiveInt = 4,
        num_points: PositiveInt = 1024,
    ) -> None:
        super().__init__()
        self.views = {
            "cloud": [
                {"name": "FixedPoints", "num_points": num_points},
                {"name": "RandomAnisotropicScale", "low": 2 / 3, "high": 1.5},
                {"name": "RandomTranslate", "distance": 0.2},
            ]
        }
        self.encoder = ENCODERS.build(encoder)
        self.mask_ratio, channels = mask_ratio, channels_of(self.encoder)
        self.mask_token = nn.Parameter(nn.init.trunc_normal_(torch.empty(channels), std=INIT_STD))
        self.decoder = PointTokens(channels, decoder_depth, decoder_heads)
        self.last = nn.Linear(channels, 3 * patch_encoder(self.encoder, "PointMAE").patch_size)

    def forward(self, views: Mapping[str, Batch]) -> MethodOutput:
        visible, hidden = self.mask(self.divide(views["cloud"]))
        predicted, target = self.predict(visible, hidden)[hidden.valid], hidden.points[hidden.valid]
        distance = chamfer_distance(predicted, target)  # (H,), empty if all points of each cloud coincide
        return MethodOutput({"reconstruction": distance.sum() / max(1, len(distance))})

    def divide(self, clouds: Batch) -> Patches:
        """Return the encoder's patches of the clouds."""
        check_input(self.encoder, clouds.pos, clouds.batch, clouds.num_graphs)
        return patch_encoder(self.encoder, "PointMAE").divide(clouds.pos, clouds.batch, clouds.num_graphs)

    def mask(self, patches: Patches) -> tuple[Patches, Patches]:
        """Return the visible and the hidden patches, chosen at random for each cloud."""
        valid, count = patches.valid, patches.valid.sum(dim=1, keepdim=True)  # (B, L), (B, 1)
        num_hidden = (self.mask_ratio * count.double()).long().clamp(min=1).minimum(count - 1)
        score = torch.rand(valid.shape, device=valid.device).masked_fill(~valid, 1)  # below 1 where valid
        rank = score.argsort(dim=1).argsort(dim=1)
        hidden = rank < num_hidden
        return patches.select(valid & ~hidden), patches.select(hidden)

    def predict(self, visible: Patches, hidden: Patches) -> Tensor:
        """Return the points of the hidden patches, relative to their centers; padding has any values.

        Shapes:
            - **output:** ``[B, L, patch_size, 3]`` for L hidden patches
        """
        tokens = patch_encoder(self.encoder, "PointMAE").encode_patches(visible)  # (B, V, C)
        masked = self.mask_token.to(tokens.dtype).expand(*hidden.valid.shape, -1)
        centers, valid = (
            torch.cat(pair, dim=1) for pair in ((visible.centers, hidden.centers), (visible.valid, hidden.valid))
        )
        decoded = self.decoder(torch.cat([tokens, masked], dim=1), centers, valid)
        points: Tensor = self.last(decoded[:, tokens.size(1) :])
        return points.unflatten(2, (-1, 3))

    def loss_names(self) -> list[str]:
        return ["reconstruction"]
