"""The layouts in which ModelNet is published, each of which knows its folder when it sees it."""

from conclu_pyg.data.layouts.base import Layout, LayoutOptions, RawCloud
from conclu_pyg.data.layouts.h5_release import H5Release

LAYOUTS: tuple[type[Layout], ...] = (H5Release,)

__all__ = ["LAYOUTS", "Layout", "LayoutOptions", "RawCloud"]
