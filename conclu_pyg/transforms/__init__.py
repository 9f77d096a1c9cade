"""View operations as PyG transforms, registered in :data:`conclu_pyg.TRANSFORMS`: one per file.

Each works on one ``Data`` and on a whole ``Batch`` at once, on the device where the points are, and draws from
PyTorch's default generator of that device. ``y`` belongs to the clouds and is left alone; what has a value for each
point (``part``, normals) follows the points.
"""

from conclu_pyg.transforms.compose import compose
from conclu_pyg.transforms.drop import DropPoints
from conclu_pyg.transforms.half_space_crop import RandomHalfSpaceCrop
from conclu_pyg.transforms.jitter import RandomJitter
from conclu_pyg.transforms.normalize import NormalizeUnitSphere
from conclu_pyg.transforms.rotate import RandomVerticalRotate
from conclu_pyg.transforms.rotate_freely import RandomRotate
from conclu_pyg.transforms.sample import SamplePoints
from conclu_pyg.transforms.scale import RandomAxisScale
from conclu_pyg.transforms.shift import RandomShift

__all__ = [
    "DropPoints",
    "NormalizeUnitSphere",
    "RandomAxisScale",
    "RandomHalfSpaceCrop",
    "RandomJitter",
    "RandomRotate",
    "RandomShift",
    "RandomVerticalRotate",
    "SamplePoints",
    "compose",
]
