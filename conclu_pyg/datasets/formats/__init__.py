"""The folder formats in which ModelNet and ShapeNetPart are published.

A further format is a file with a subclass of :class:`Format`, and an entry in :mod:`~conclu_pyg.datasets.formats.find`.
"""

from conclu_pyg.datasets.formats.base import Format, FormatOptions
from conclu_pyg.datasets.formats.find import MODELNET, SHAPENET_PART, DatasetFormats, find_format
from conclu_pyg.datasets.formats.parts import PartFormat

__all__ = ["MODELNET", "SHAPENET_PART", "DatasetFormats", "Format", "FormatOptions", "PartFormat", "find_format"]
