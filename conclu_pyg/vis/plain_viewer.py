"""An Open3D window that needs only OpenGL: the panels of a cloud side by side, without a legend."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from conclu_pyg.vis.camera import camera_axes
from conclu_pyg.vis.colors import color_of
from conclu_pyg.vis.page import PageCloud
from conclu_pyg.vis.panel import side_by_side

TITLE = "conclu_pyg"
KEY_N, KEY_P, KEY_RIGHT, KEY_LEFT = 78, 80, 262, 263  # of GLFW
NARROWER = -90.0  # degrees, more than any field of view: Open3D then projects in parallel
MARGIN = 1.05  # size of the frame, in sizes of the clouds


class PlainViewer:
    """Shows the panels of a cloud side by side in parallel projection, so that each is seen from the same direction.
    The keys right and left, or N and P, show the next and the previous cloud.

    Args:
        open3d: the library.
        clouds: the clouds, at least one.
        up_axis: the up axis, 0 to 2.
        size: the width and height of the window in pixels.
    """

    def __init__(self, open3d: Any, clouds: Sequence[PageCloud], up_axis: int, size: tuple[int, int]) -> None:
        self._open3d, self._clouds, self._up_axis, self._size = open3d, clouds, up_axis, size
        self.index = 0
        self._viewer = open3d.visualization.VisualizerWithKeyCallback()
        name = clouds[0].name if len(clouds) == 1 else f"{len(clouds)} clouds, keys N and P"
        self._viewer.create_window(f"{TITLE}: {name}", *size)
        for keys, step in (((KEY_N, KEY_RIGHT), 1), ((KEY_P, KEY_LEFT), -1)):
            for key in keys:
                self._viewer.register_key_callback(key, lambda _, step=step: self.show_cloud(self.index + step))
        self.show_cloud(0)

    def run(self) -> None:
        """Runs until the window is closed."""
        self._viewer.run()
        self._viewer.destroy_window()

    def show_cloud(self, index: int) -> bool:
        """Shows a cloud, fitted into the window; the numbers wrap around. Returns that the window is drawn again."""
        self.index = index % len(self._clouds)
        panels = side_by_side(self._clouds[self.index].panels, self._up_axis)
        self._viewer.clear_geometries()
        for panel in panels:
            cloud = self._open3d.geometry.PointCloud(self._open3d.utility.Vector3dVector(panel.pos))
            cloud.colors = self._open3d.utility.Vector3dVector(color_of(panel.labels) / 255)
            self._viewer.add_geometry(cloud, False)
        self._viewer.reset_view_point(True)  # the bounding box would still hold earlier clouds
        _, up, towards = camera_axes(self._up_axis)
        points = np.concatenate([panel.pos for panel in panels])
        extent = float((points.max(axis=0) - points.min(axis=0)).max())
        seen = points @ camera_axes(self._up_axis).T
        low, high = seen.min(axis=0), seen.max(axis=0)
        width, height, _ = (high - low) / 2
        view = self._viewer.get_view_control()
        view.change_field_of_view(NARROWER)
        view.set_lookat((low + high) / 2 @ camera_axes(self._up_axis))
        view.set_front(towards)
        view.set_up(up)
        half = max(height, width * self._size[1] / self._size[0])  # of the height of the frame
        view.set_zoom(MARGIN * half / extent)
        return True
