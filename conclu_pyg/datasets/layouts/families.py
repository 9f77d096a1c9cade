"""Which layouts each data set is published in."""

from __future__ import annotations

from conclu_pyg.datasets.layouts.base import Layout
from conclu_pyg.datasets.layouts.find import Family
from conclu_pyg.datasets.layouts.h5_parts import H5Parts
from conclu_pyg.datasets.layouts.h5_release import H5Release
from conclu_pyg.datasets.layouts.normal_parts import NormalParts
from conclu_pyg.datasets.layouts.normal_resampled import NormalResampled
from conclu_pyg.datasets.layouts.off_tree import OffTree
from conclu_pyg.datasets.layouts.parts import PartLayout
from conclu_pyg.datasets.layouts.seg_files import SegFiles

MODELNET: Family[Layout] = Family(
    "ModelNet",
    (H5Release, NormalResampled, OffTree),
    "Put one of the releases at {folder} (ModelNet40.zip unpacked, modelnet40_ply_hdf5_2048 or "
    "modelnet40_normal_resampled), name another folder by dataset.dataset_path=…, or let the meshes be fetched "
    "{fetch}by dataset.download=true.",
)
SHAPENET_PART: Family[PartLayout] = Family(
    "ShapeNetPart",
    (H5Parts, SegFiles, NormalParts),
    "Put one of the releases at {folder} (hdf5_data, shapenetcore_partanno_segmentation_benchmark_v0 or "
    "shapenetcore_partanno_segmentation_benchmark_v0_normal), or name another folder by dataset.dataset_path=….",
)
