"""Rotation3D: classification of the rotation of a cloud."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from torch.nn.functional import cross_entropy
from torch_geometric.data import Batch

from conclu_pyg.arguments import validated
from conclu_pyg.constraints import PositiveInt
from conclu_pyg.encoders.base import channels_of, pooled_features
from conclu_pyg.methods.base import Method, MethodOutput
from conclu_pyg.methods.diagnostics import accuracy
from conclu_pyg.registry import ENCODERS, HEADS, METHODS
from conclu_pyg.transforms.rotate_by_class import Angles
from conclu_pyg.transforms.rotation_sets import Directions, rotation_set


@METHODS.register_module()
class Rotation3D(Method):
    r"""`Rotation3D <https://arxiv.org/abs/2008.00305>`_ (Poursaeed et al., 2020, section 3): each cloud is turned by a
    rotation of a finite set, and classified by the number r of the rotation.

    .. math::
        L = -\frac{1}{B} \sum_i \log \mathrm{softmax}(\mathrm{head}(\mathrm{encoder}(R_{r_i} P_i)))_{r_i}

    The metric ``accuracy`` is the share of clouds whose rotation is found; chance is 1 / K. The clouds of the data set
    must stand upright.

    The sets of 18 and 32 directions are the paper's: the up axis is turned to the faces and edges of a cube, or to the
    vertices of an icosahedron and a dodecahedron. The authors' code turns to the first by products of Euler angles and
    takes ten vertices of the dodecahedron at the equator; here each rotation is the shortest one, and the vertices are
    exact. Classes are balanced within each batch instead of drawn independently.

    Args:
        encoder: config of the encoder, or the encoder.
        head: config of the head (default: :class:`~conclu_pyg.heads.classification.ClassificationHead`).
        directions: 6, 18 or 32 (default: 18).
        angles: ``None``, or the number of angles of an axis-angle set, from 2 to 64: rotations about each direction by
            multiples of 360 / ``angles`` degrees, K = 1 + ``directions`` / 2 (``angles`` - 1) in all (default: None,
            K = ``directions``).
        num_points: points of the view (default: 1024).

    Raises:
        ArgumentError: another number of directions, ``angles`` outside [2, 64], or ``num_points`` below 1.
        ConfigError: an encoder without ``out_channels``.
    """

    components: ClassVar = {"encoder": ENCODERS, "head": HEADS}
    pretext_metric = "accuracy"

    @validated
    def __init__(
        self,
        encoder: Any,
        head: Any = None,
        directions: Directions = 18,
        angles: Angles | None = None,
        num_points: PositiveInt = 1024,
    ) -> None:
        super().__init__()
        rotate = {"name": "RotateByClass", "directions": directions, "angles": angles}
        self.views = {"rotated": [{"name": "FixedPoints", "num_points": num_points}, rotate]}
        self.encoder = ENCODERS.build(encoder)
        num_classes = len(rotation_set(directions, angles, up_axis=2))
        sizes = {"in_channels": channels_of(self.encoder), "num_classes": num_classes}
        self.head = HEADS.build(head or {"name": "ClassificationHead"}, sizes)

    def forward(self, views: Mapping[str, Batch]) -> MethodOutput:
        rotated = views["rotated"]
        logits = self.head(pooled_features(self.encoder, rotated))  # (B, K)
        loss = cross_entropy(logits, rotated.rotation)
        return MethodOutput({"rotation": loss}, {"accuracy": accuracy(logits, rotated.rotation)})

    def loss_names(self) -> list[str]:
        return ["rotation"]
