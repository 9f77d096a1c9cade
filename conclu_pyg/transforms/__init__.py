"""View operations as PyG transforms, registered in :data:`conclu_pyg.TRANSFORMS`: one per file.

Each works on one ``Data`` and on a whole ``Batch`` at once, on the device where the points are, and draws from
PyTorch's default generator of that device. ``y`` belongs to the clouds and is left alone; what has a value for each
point (``part``, normals) follows the points.
"""

from conclu_pyg.transforms.anisotropic_scale import RandomAnisotropicScale
from conclu_pyg.transforms.compose import compose, compose_for_axis
from conclu_pyg.transforms.cuboid_crop import RandomCuboidCrop
from conclu_pyg.transforms.cutout import RandomCutout
from conclu_pyg.transforms.fixed_points import FixedPoints
from conclu_pyg.transforms.gaussian_jitter import GaussianJitter
from conclu_pyg.transforms.half_space_crop import RandomHalfSpaceCrop
from conclu_pyg.transforms.normalize import NormalizeUnitSphere
from conclu_pyg.transforms.occlude import OccludeFromViewpoint
from conclu_pyg.transforms.other_frame import OtherFrame
from conclu_pyg.transforms.point_dropout import RandomPointDropout
from conclu_pyg.transforms.rotate_by_class import RotateByClass
from conclu_pyg.transforms.shuffle_voxels import ShuffleVoxels
from conclu_pyg.transforms.so3_rotate import RandomSO3Rotate
from conclu_pyg.transforms.split_by_angles import SplitByAngles
from conclu_pyg.transforms.split_halves import SplitHalves
from conclu_pyg.transforms.translate import RandomTranslate
from conclu_pyg.transforms.yaw_rotate import RandomYawRotate

__all__ = [
    "FixedPoints",
    "GaussianJitter",
    "NormalizeUnitSphere",
    "OccludeFromViewpoint",
    "OtherFrame",
    "RandomAnisotropicScale",
    "RandomCuboidCrop",
    "RandomCutout",
    "RandomHalfSpaceCrop",
    "RandomPointDropout",
    "RandomSO3Rotate",
    "RandomTranslate",
    "RandomYawRotate",
    "RotateByClass",
    "ShuffleVoxels",
    "SplitByAngles",
    "SplitHalves",
    "compose",
    "compose_for_axis",
]
