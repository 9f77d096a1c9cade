"""OcCo: completion of clouds that are occluded from a random viewpoint."""

from __future__ import annotations

from bisect import bisect
from collections.abc import Mapping
from typing import Any, ClassVar

import torch
from torch import Tensor
from torch_geometric.data import Batch

from conclu_pyg.arguments import validated
from conclu_pyg.constraints import PositiveInt
from conclu_pyg.decoders.base import decoded_levels
from conclu_pyg.encoders.base import channels_of, pooled_features
from conclu_pyg.losses import chamfer_distance
from conclu_pyg.methods.base import Method, MethodOutput, Progress
from conclu_pyg.methods.reconstruction import target_points
from conclu_pyg.registry import DECODERS, ENCODERS, METHODS

# The published schedule is in steps: 10,000, 20,000 and 50,000 of about 154,000 (50 epochs of ten views of ModelNet40's
# 9,843 clouds, 32 in a step). Here it is in shares of the training.
BOUNDARIES = (0.065, 0.13, 0.325)
FINE_WEIGHTS = (0.01, 0.1, 0.5, 1.0)


@METHODS.register_module()
class OcCo(Method):
    r"""`OcCo <https://arxiv.org/abs/2010.01089>`_ (section 3): the encoder sees what is visible of a cloud from a
    random viewpoint, and a decoder completes it, from coarse to fine as in `PCN <https://arxiv.org/abs/1808.00671>`_.

    .. math::
        L = d_{CD}(coarse, whole) + \alpha \, d_{CD}(fine, whole)

    with the Chamfer distance of distances that are not squared, averaged over the clouds and views. :math:`\alpha` is
    0.01, 0.1, 0.5 and 1 in the parts of the training that end after 6.5, 13, 32.5 and 100 % of its steps: the schedule
    of the authors' code, in shares of its steps. A decoder with a single output is trained by its Chamfer distance
    alone.

    The paper renders ten views of each shape once. Here each step draws new ones, ``num_views`` of each cloud.

    Args:
        encoder: config of the encoder, or the encoder.
        decoder: config of the decoder (default: :class:`~conclu_pyg.decoders.pcn.PCNDecoder`).
        num_points: points of the partial views, and of the whole one (default: 1024).
        num_views: partial views of each cloud in a step (default: 1).

    Raises:
        ArgumentError: a number below 1.
        ConfigError: an encoder without ``out_channels``, or, in ``forward``, a view ``whole`` whose clouds differ in
            their number of points.
    """

    components: ClassVar = {"encoder": ENCODERS, "decoder": DECODERS}

    @validated
    def __init__(
        self, encoder: Any, decoder: Any = None, num_points: PositiveInt = 1024, num_views: PositiveInt = 1
    ) -> None:
        super().__init__()
        sample: dict[str, Any] = {"name": "FixedPoints", "num_points": num_points}
        self.partial = ["partial", *(f"partial_{i}" for i in range(2, num_views + 1))]
        self.views = {name: [{"name": "OccludeFromViewpoint"}, sample] for name in self.partial} | {"whole": [sample]}
        self.encoder = ENCODERS.build(encoder)
        self.decoder = DECODERS.build(decoder or {"name": "PCNDecoder"}, {"in_channels": channels_of(self.encoder)})
        self.register_buffer("fine_weight", torch.tensor(FINE_WEIGHTS[0]))
        self.fine_weight: Tensor

    def forward(self, views: Mapping[str, Batch]) -> MethodOutput:
        whole = target_points(views, "whole")
        distances = []
        for name in self.partial:
            latent = pooled_features(self.encoder, views[name])
            levels = decoded_levels(self.decoder, latent)
            distances.append([chamfer_distance(cloud, whole, squared=False).mean() for cloud in levels])
        *coarse, fine = (torch.stack(level).mean() for level in zip(*distances, strict=True))
        if not coarse:
            return MethodOutput({"completion": fine})
        losses = {"coarse": torch.stack(coarse).sum(), "completion": self.fine_weight * fine}
        return MethodOutput(losses, {"chamfer": fine.detach()})

    def after_step(self, progress: Progress) -> None:
        self.fine_weight.fill_(FINE_WEIGHTS[bisect(BOUNDARIES, progress.fraction)])

    def loss_names(self) -> list[str]:
        has_levels = callable(getattr(type(self.decoder), "levels", None))
        return ["coarse", "completion"] if has_levels else ["completion"]
