"""Jigsaw3D: reconstruction of clouds whose voxels were permuted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from torch.nn.functional import cross_entropy
from torch_geometric.data import Batch

from conclu_pyg.arguments import validated
from conclu_pyg.constraints import PositiveInt
from conclu_pyg.encoders.base import channels_of, layer_channels, layer_features
from conclu_pyg.methods.base import Method, MethodOutput
from conclu_pyg.methods.diagnostics import accuracy
from conclu_pyg.registry import ENCODERS, HEADS, METHODS
from conclu_pyg.transforms.shuffle_voxels import VoxelsPerAxis


@METHODS.register_module()
class Jigsaw3D(Method):
    r"""`Jigsaw3D <https://arxiv.org/abs/1901.08396>`_ (Sauder and Sievers, 2019, section 3): the voxels of each cloud
    are permuted, and each point is classified by the voxel v that it came from.

    .. math::
        L = -\frac{1}{M} \sum_m \log \mathrm{softmax}(\mathrm{head}(x_m))_{v_m}

    with the features x of the point and its cloud. The metric ``accuracy`` is the share of points whose voxel is
    found; voxels have different numbers of points, so its chance level is above 1 / k^3.

    The paper scales each cloud to the unit cube and divides that; here the cube around the cloud is divided, which is
    the same. The paper's head is that of DGCNN's segmentation network; here any head on the encoder's layers serves.

    Args:
        encoder: config of the encoder, or the encoder.
        head: config of the head (default:
            :class:`~conclu_pyg.heads.point_classification.PointClassificationHead`).
        k: voxels along each axis, from 2 to 16 (default: 3).
        num_points: points of the view (default: 1024).

    Raises:
        ArgumentError: ``k`` is outside [2, 16], or ``num_points`` is below 1.
        ConfigError: an encoder without ``out_channels``.
    """

    components: ClassVar = {"encoder": ENCODERS, "head": HEADS}
    pretext_metric = "accuracy"

    @validated
    def __init__(self, encoder: Any, head: Any = None, k: VoxelsPerAxis = 3, num_points: PositiveInt = 1024) -> None:
        super().__init__()
        self.views = {
            "shuffled": [{"name": "FixedPoints", "num_points": num_points}, {"name": "ShuffleVoxels", "k": k}]
        }
        self.encoder = ENCODERS.build(encoder)
        sizes = {
            "layer_channels": layer_channels(self.encoder),
            "in_channels": channels_of(self.encoder),
            "num_classes": k**3,
        }
        self.head = HEADS.build(head or {"name": "PointClassificationHead"}, sizes)

    def forward(self, views: Mapping[str, Batch]) -> MethodOutput:
        shuffled = views["shuffled"]
        layers, pooled = layer_features(self.encoder, shuffled)
        logits = self.head(layers, pooled, shuffled.batch)  # (M, k^3)
        loss = cross_entropy(logits, shuffled.voxel)
        return MethodOutput({"voxel": loss}, {"accuracy": accuracy(logits, shuffled.voxel)})

    def loss_names(self) -> list[str]:
        return ["voxel"]
