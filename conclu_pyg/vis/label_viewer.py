"""Open3D-ML's visualiser of panels next to each other."""

from __future__ import annotations

import numpy as np

from conclu_pyg.vis.camera import camera_axes
from conclu_pyg.vis.label_visualizer import LabelVisualizer


class LabelViewer(LabelVisualizer):
    """:class:`~conclu_pyg.vis.label_visualizer.LabelVisualizer` that opens with all clouds, from the camera direction
    of the pictures.

    Args:
        up_axis: the up axis, 0 to 2.
    """

    def __init__(self, up_axis: int) -> None:
        super().__init__()
        self._up_axis = up_axis

    def setup_camera(self) -> None:
        """Shows every cloud by its labels when all clouds are loaded."""
        for name, node in self._name2treenode.items():
            self._objects.load(name)
            node.checkbox.checked = True
            self._3d.scene.show_geometry(name, True)
        super().setup_camera()
        bounds = np.array([self._objects.calc_bounds_for(name) for name in self._get_selected_names()])
        middle = (bounds[:, 0].min(axis=0) + bounds[:, 1].max(axis=0)) / 2
        width = float((bounds[:, 1].max(axis=0) - bounds[:, 0].min(axis=0)).max())
        _, up, towards = camera_axes(self._up_axis)
        self._3d.look_at(middle, middle + 1.6 * width * towards, up)
