"""An Open3D window with clouds side by side and a legend of their parts."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
import open3d
from open3d.visualization import gui, rendering

from conclu_pyg.vis.camera import camera_axes
from conclu_pyg.vis.colors import color_of
from conclu_pyg.vis.panel import Names, Panel, legend

TITLE = "conclu_pyg"
PANEL_WIDTH = 18  # font sizes
POINT_SIZE = 5  # pixels
FIELD_OF_VIEW = 60.0  # degrees


class PartsViewer:
    """Shows clouds side by side. The panel at the right is the legend and shows or hides a part in all clouds.

    Args:
        panels: the clouds at their positions in the window.
        names: the names of the parts, by label.
        up_axis: the up axis, 0 to 2.
        size: the width and height of the window in pixels.
    """

    def __init__(self, panels: Sequence[Panel], names: Names, up_axis: int, size: tuple[int, int]) -> None:
        self._app = gui.Application.instance
        self._app.initialize()
        self._window = self._app.create_window(TITLE, *size)
        self._letter = self._window.theme.font_size
        self._scene = gui.SceneWidget()
        self._scene.scene = rendering.Open3DScene(self._window.renderer)
        self._scene.scene.set_background([1.0, 1.0, 1.0, 1.0])
        self._scene.scene.view.set_post_processing(False)  # it would change the colours of the legend
        self._of_part: dict[int, list[str]] = {}
        self.switches: dict[int, gui.Checkbox] = {}
        for index, panel in enumerate(panels):
            self._add(index, panel)
            title = self._scene.add_3d_label(panel.pos.mean(axis=0) + 0.7 * camera_axes(up_axis)[1], panel.title)
            title.color = gui.Color(0.0, 0.0, 0.0)
        self._parts = self._legend(legend(panels, names))
        self._window.add_child(self._scene)
        self._window.add_child(self._parts)
        self._window.set_on_layout(self._lay_out)
        self._look(panels, up_axis)

    def run(self) -> None:
        """Runs until the window is closed."""
        self._app.run()

    def show(self, label: int, shown: bool) -> None:
        """Shows or hides a part in every cloud."""
        for name in self._of_part[label]:
            self._scene.scene.show_geometry(name, shown)
        self._scene.force_redraw()

    def shown(self, label: int) -> list[bool]:
        """Returns, for each cloud with a part, whether the part is shown."""
        return [self._scene.scene.geometry_is_visible(name) for name in self._of_part[label]]

    def _add(self, index: int, panel: Panel) -> None:
        material = rendering.MaterialRecord()
        material.shader, material.point_size = "defaultUnlit", POINT_SIZE * self._window.scaling
        for label in np.unique(panel.labels).tolist():
            cloud = open3d.geometry.PointCloud(open3d.utility.Vector3dVector(panel.pos[panel.labels == label]))
            cloud.paint_uniform_color(color_of(np.array([label]))[0] / 255)
            name = f"{index} {label}"
            self._scene.scene.add_geometry(name, cloud, material)
            self._of_part.setdefault(label, []).append(name)

    def _legend(self, parts: dict[int, str]) -> Any:
        side = round(0.8 * self._letter)
        column = gui.ScrollableVert(0.25 * self._letter, gui.Margins(*[0.5 * self._letter] * 4))
        for label, name in parts.items():
            swatch: Any = np.tile(color_of(np.array([label]))[0], (side, side, 1)).astype(np.uint8)
            switch = self.switches[label] = gui.Checkbox(name)
            switch.checked = True
            switch.set_on_checked(partial(self.show, label))
            row = gui.Horiz(0.5 * self._letter)
            row.add_child(gui.ImageWidget(open3d.geometry.Image(swatch)))
            row.add_child(switch)
            column.add_child(row)
        return column

    def _lay_out(self, _: object) -> None:
        whole = self._window.content_rect
        width = min(PANEL_WIDTH * self._letter, whole.width // 2)
        self._scene.frame = gui.Rect(whole.x, whole.y, whole.width - width, whole.height)
        self._parts.frame = gui.Rect(whole.get_right() - width, whole.y, width, whole.height)

    def _look(self, panels: Sequence[Panel], up_axis: int) -> None:
        _, up, towards = camera_axes(up_axis)
        bounds = self._scene.scene.bounding_box
        self._scene.setup_camera(FIELD_OF_VIEW, bounds, bounds.get_center())
        middle = (panels[0].pos.mean(axis=0) + panels[-1].pos.mean(axis=0)) / 2
        self._scene.look_at(middle, middle + (0.9 + 0.6 * len(panels)) * towards, up)
