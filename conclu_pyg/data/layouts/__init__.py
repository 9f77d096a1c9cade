"""The layouts in which ModelNet is published, each of which knows its folder when it sees it.

A further layout is a further file with a subclass of :class:`Layout`, and a further entry in :data:`LAYOUTS`.
"""

from conclu_pyg.data.layouts.base import Layout, LayoutOptions, RawCloud
from conclu_pyg.data.layouts.find import LAYOUTS, find_layout

__all__ = ["LAYOUTS", "Layout", "LayoutOptions", "RawCloud", "find_layout"]
