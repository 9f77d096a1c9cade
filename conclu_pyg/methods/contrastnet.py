"""ContrastNet: classification of pairs of halves by whether they belong to one object."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy
from torch_geometric.data import Batch

from conclu_pyg.arguments import validated
from conclu_pyg.constraints import DropFraction, PositiveInt
from conclu_pyg.data.batch import batch_clouds
from conclu_pyg.encoders.base import channels_of, pooled_features
from conclu_pyg.errors import ConfigError
from conclu_pyg.methods.base import Method, MethodOutput
from conclu_pyg.methods.diagnostics import accuracy
from conclu_pyg.registry import ENCODERS, HEADS, METHODS
from conclu_pyg.transforms.clouds import cloud_layout

HEAD = {"name": "ClassificationHead", "hidden_channels": [1024, 512]}


@METHODS.register_module()
class ContrastNet(Method):
    r"""`ContrastNet <https://arxiv.org/abs/1904.12359>`_ (Zhang and Zhu, 2019), the first stage: a plane cuts each
    cloud into two halves, and a classifier predicts whether two halves belong to one object. The second stage is
    :class:`~conclu_pyg.methods.clusternet.ClusterNet`.

    .. math::
        L = \frac{1}{2 B} \sum_i \mathrm{CE}(h(f(A_i), f(B_i)), 1) + \mathrm{CE}(h(f(A_i), f(B_{i + s})), 0)

    with the halves A and B, the encoder f, the head h on both features, and a shift s that is uniform in [1, B - 1] and
    drawn for each step, i + s modulo B. So half of the pairs are of one object. The metric ``accuracy`` is the share of
    pairs that are classified correctly; chance is 1 / 2. A single cloud has no pair of two objects: its loss and metric
    are those of its own pair.

    The authors cut each object once, before the training; here each view is cut at random, into equal halves. Labels
    are smoothed as in the authors' code. One encoder sees both halves; the code trains one for each.

    Args:
        encoder: config of the encoder, or the encoder.
        head: config of the head on the features of two halves (default:
            :class:`~conclu_pyg.heads.classification.ClassificationHead` with layers 1024 and 512).
        num_points: points of a cloud, of which each half has half; an even number (default: 1024).
        label_smoothing: of the cross-entropy, in [0, 1) (default: 0.2).

    Raises:
        ArgumentError: an argument outside its range.
        ConfigError: an encoder without ``out_channels``, ``num_points`` is odd, or, in ``forward``, clouds that differ
            in their number of points.
    """

    components: ClassVar = {"encoder": ENCODERS, "head": HEADS}
    pretext_metric = "accuracy"

    @validated
    def __init__(
        self,
        encoder: Any,
        head: Any = None,
        num_points: PositiveInt = 1024,
        label_smoothing: DropFraction = 0.2,
    ) -> None:
        if num_points % 2:
            raise ConfigError(
                f"ContrastNet: num_points must be even, got {num_points}.", argument="num_points", got=num_points
            )
        super().__init__()
        self.views = {"halves": [{"name": "FixedPoints", "num_points": num_points}, {"name": "SplitHalves"}]}
        self.encoder = ENCODERS.build(encoder)
        sizes = {"in_channels": 2 * channels_of(self.encoder), "num_classes": 2}
        self.head = HEADS.build(head or HEAD, sizes)
        self.label_smoothing = label_smoothing

    def forward(self, views: Mapping[str, Batch]) -> MethodOutput:
        first, second = self.halves(views["halves"])  # (B, C) each
        size = len(first)
        partners = [second]
        if size > 1:
            partners.append(second.roll(-int(torch.randint(1, size, ())), dims=0))
        pairs = torch.cat([torch.cat([first, partner], dim=1) for partner in partners])  # (2 B, 2 C)
        target = (torch.arange(len(pairs), device=pairs.device) < size).long()  # 1, then 0
        logits = self.head(pairs)
        loss = cross_entropy(logits, target, label_smoothing=self.label_smoothing)
        return MethodOutput({"pair": loss}, {"accuracy": accuracy(logits, target)})

    def halves(self, view: Batch) -> tuple[Tensor, Tensor]:
        """Return the features of the first and of the second half of each cloud.

        Shapes:
            - **output:** ``[B, C]`` each
        """
        clouds = cloud_layout(view)
        if clouds.num_points is None or clouds.num_points % 2:
            raise ConfigError(
                "ContrastNet: the clouds of the view 'halves' must have the same even number of points; begin "
                "pipeline.views.halves with FixedPoints, and end it with SplitHalves."
            )
        both = batch_clouds(view.pos.view(2 * clouds.size, -1, 3)).to(view.pos.device)  # the halves of a cloud in order
        features = pooled_features(self.encoder, both).view(clouds.size, 2, -1)
        return features[:, 0], features[:, 1]

    def loss_names(self) -> list[str]:
        return ["pair"]
