"""The layouts in which ModelNet and ShapeNetPart are published, each of which knows its folder when it sees it.

A further layout is a further file with a subclass of :class:`Layout`, and a further entry in
:mod:`~conclu_pyg.datasets.layouts.families`.
"""

from conclu_pyg.datasets.layouts.base import Layout, LayoutOptions, RawCloud
from conclu_pyg.datasets.layouts.families import MODELNET, SHAPENET_PART
from conclu_pyg.datasets.layouts.find import Family, find_layout
from conclu_pyg.datasets.layouts.parts import PartLayout

__all__ = [
    "MODELNET",
    "SHAPENET_PART",
    "Family",
    "Layout",
    "LayoutOptions",
    "PartLayout",
    "RawCloud",
    "find_layout",
]
