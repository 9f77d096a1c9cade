"""The other frame of a sequence."""

from __future__ import annotations

from torch_geometric.data import Data
from torch_geometric.transforms import BaseTransform

from conclu_pyg.registry import TRANSFORMS
from conclu_pyg.transforms.clouds import cloud_layout, without_attributes


@TRANSFORMS.register_module()
class OtherFrame(BaseTransform):
    """Replaces each cloud by another frame of its sequence, the attribute ``other_frame [M, 3]`` that the training
    clouds carry if the split has sequences; see :class:`~conclu_pyg.data.base.PointCloudSplit`.

    It must be the first transform of a view. Clouds without frames are left as they are.
    """

    def forward(self, data: Data) -> Data:
        cloud_layout(data)
        if "other_frame" not in data:
            return data
        out = without_attributes(data, "other_frame")
        out.pos = data.other_frame
        return out

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"
