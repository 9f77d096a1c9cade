"""Colours of labels in Open3D-ML's windows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from conclu_pyg.open3d_library import import_open3d
from conclu_pyg.vis.colors import color_of


def label_lut(names: Mapping[int, str]) -> Any:
    """Returns the ``LabelLUT`` of labels with the colours of the package's pictures and pages, for
    ``open3d.ml.vis.Visualizer.visualize(..., lut=...)``. The colours of Open3D-ML repeat after 34 labels.

    Args:
        names: the name of each label, such as ``label_to_names`` of a data set.

    Raises:
        ConcluError: Open3D or a package of Open3D-ML is not installed.
    """
    table = import_open3d(
        "the window of Open3D-ML", "or use pictures (PNG) or an HTML page", "open3d.ml.vis"
    ).LabelLUT()
    for label, name in names.items():
        table.add_label(name, label, (color_of(np.array([label]))[0] / 255).tolist())
    return table
