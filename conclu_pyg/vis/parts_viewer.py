"""An Open3D window with the panels of clouds and a legend of their parts."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
import open3d
from open3d.visualization import gui, rendering

from conclu_pyg.vis.camera import FIELD_OF_VIEW, camera_axes, fit_camera
from conclu_pyg.vis.colors import color_of
from conclu_pyg.vis.page import PageCloud
from conclu_pyg.vis.panel import Names, Panel, legend

TITLE = "conclu_pyg"
LEGEND_WIDTH = 14  # font sizes
POINT_SIZE = 3  # pixels
NEXT, PREVIOUS = (gui.KeyName.RIGHT, gui.KeyName.N), (gui.KeyName.LEFT, gui.KeyName.P)


class PartsViewer:
    """Shows the panels of a cloud next to each other, each from the same direction: turning or zooming one changes all.
    The legend at the right shows or hides a part in all panels. The keys right and left, or N and P, show the next and
    the previous cloud.

    Args:
        clouds: the clouds, at least one.
        names: the names of the parts, by label.
        up_axis: the up axis, 0 to 2.
        size: the width and height of the window in pixels.
    """

    def __init__(self, clouds: Sequence[PageCloud], names: Names, up_axis: int, size: tuple[int, int]) -> None:
        self._clouds, self._axes, self._index = clouds, camera_axes(up_axis), 0
        self._up_axis = up_axis
        self._hidden: set[int] = set()
        self._distance = 1.0  # of the camera, when a cloud is fitted into its pane
        self._poses: list[np.ndarray] = []
        self._is_moved = False  # by the user, so that another size of the window keeps the view
        self._app = gui.Application.instance
        self._app.initialize()
        self._window = self._app.create_window(TITLE, *size)
        self._letter = self._window.theme.font_size
        self._heading = gui.Label("")
        self._panes = [_Pane(self._window) for _ in range(max(len(cloud.panels) for cloud in clouds))]
        self.switches: dict[int, gui.Checkbox] = {}
        self._parts = self._legend(legend([panel for cloud in clouds for panel in cloud.panels], names))
        for child in (self._heading, *(part for pane in self._panes for part in pane.widgets), self._parts):
            self._window.add_child(child)
        self._window.set_on_layout(self._lay_out)
        self._window.set_on_key(self._on_key)
        self._window.set_on_tick_event(self.follow)
        self.show_cloud(0)

    def run(self) -> None:
        """Runs until the window is closed."""
        self._app.run()

    def show_cloud(self, index: int) -> None:
        """Shows a cloud, fitted into its panes; the numbers wrap around."""
        self._index, self._is_moved = index % len(self._clouds), False
        cloud = self._clouds[self._index]
        place = f"   {self._index + 1} of {len(self._clouds)}: keys N and P" if len(self._clouds) > 1 else ""
        self._heading.text = f" {cloud.name}{place}"
        for number, pane in enumerate(self._panes):
            pane.clear()
            if number < len(cloud.panels):
                panel = cloud.panels[number]
                view = fit_camera(panel.pos, self._up_axis)
                pane.show(Panel(panel.title, view.points @ self._axes, panel.labels), self._hidden)
                self._distance = view.distance
        self._window.set_needs_layout()
        self._fit()

    def show(self, label: int, shown: bool) -> None:
        """Shows or hides a part in every panel."""
        (self._hidden.discard if shown else self._hidden.add)(label)
        for pane in self._panes:
            pane.show_part(label, shown)

    def shown(self, label: int) -> list[bool]:
        """Returns, for each panel with a part, whether the part is shown."""
        return [pane.is_shown(label) for pane in self._panes if pane.has(label)]

    def poses(self) -> list[np.ndarray]:
        """Returns the pose of the camera of each panel, ``[4, 4]``."""
        return [pane.pose() for pane in self._panes if pane.labels]

    def follow(self) -> bool:
        """Gives the camera of a panel that was moved to the others; returns whether one was moved."""
        pairs = zip(self.poses(), self._poses, strict=True)
        moved = next((pose for pose, before in pairs if not np.array_equal(pose, before)), None)
        if moved is None:
            return False
        for pane in self._panes:
            pane.look_from(moved)
        self._poses, self._is_moved = self.poses(), True
        return True

    def _fit(self) -> None:
        _, up, towards = self._axes
        frame = self._panes[0].view.frame
        narrower = max(1.0, frame.height / max(1, frame.width))  # the field of view is that of the height
        for pane in self._panes:
            pane.fit(self._distance * narrower * towards, up)
        self._poses = self.poses()

    def _on_key(self, event: Any) -> bool:
        if event.type != gui.KeyEvent.Type.DOWN or event.key not in (*NEXT, *PREVIOUS):
            return False
        self.show_cloud(self._index + (1 if event.key in NEXT else -1))
        return True

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
        line, side = round(1.5 * self._letter), min(LEGEND_WIDTH * self._letter, whole.width // 3)
        width, count = whole.width - side, len(self._clouds[self._index].panels)
        self._heading.frame = gui.Rect(whole.x, whole.y, whole.width, line)
        self._parts.frame = gui.Rect(whole.get_right() - side, whole.y + line, side, whole.height - line)
        for number, pane in enumerate(self._panes[:count]):
            left, right = whole.x + width * number // count, whole.x + width * (number + 1) // count
            pane.title.frame = gui.Rect(left, whole.y + line, right - left, line)
            pane.view.frame = gui.Rect(left, whole.y + 2 * line, right - left - 1, whole.height - 2 * line)
        if not self._is_moved:
            self._fit()


class _Pane:
    """One panel in the window: its title and its scene, with a geometry for each part."""

    def __init__(self, window: Any) -> None:
        self.title, self.view = gui.Label(""), gui.SceneWidget()
        self.widgets = (self.title, self.view)
        self.labels: list[int] = []
        self._material = rendering.MaterialRecord()
        self._material.shader, self._material.point_size = "defaultUnlit", POINT_SIZE * window.scaling
        self.view.scene = rendering.Open3DScene(window.renderer)
        self.view.scene.set_background([1.0, 1.0, 1.0, 1.0])
        self.view.scene.view.set_post_processing(False)  # it would change the colours of the legend

    def clear(self) -> None:
        self.view.scene.clear_geometry()
        self.title.text, self.labels = "", []
        self.title.visible = self.view.visible = False

    def show(self, panel: Panel, hidden: set[int]) -> None:
        self.title.text, self.labels = f" {panel.title}", np.unique(panel.labels).tolist()
        self.title.visible = self.view.visible = True
        for label in self.labels:
            cloud = open3d.geometry.PointCloud(open3d.utility.Vector3dVector(panel.pos[panel.labels == label]))
            cloud.paint_uniform_color(color_of(np.array([label]))[0] / 255)
            self.view.scene.add_geometry(str(label), cloud, self._material)
            self.view.scene.show_geometry(str(label), label not in hidden)

    def has(self, label: int) -> bool:
        return label in self.labels

    def show_part(self, label: int, shown: bool) -> None:
        if self.has(label):
            self.view.scene.show_geometry(str(label), shown)
            self.view.force_redraw()

    def is_shown(self, label: int) -> bool:
        visible: bool = self.view.scene.geometry_is_visible(str(label))
        return visible

    def fit(self, eye: np.ndarray, up: np.ndarray) -> None:
        bounds = self.view.scene.bounding_box
        self.view.setup_camera(float(np.degrees(FIELD_OF_VIEW)), bounds, np.zeros(3, np.float32))
        self.view.look_at(np.zeros(3, np.float32), eye.astype(np.float32), up.astype(np.float32))

    def pose(self) -> np.ndarray:
        return np.asarray(self.view.scene.camera.get_model_matrix())

    def look_from(self, pose: np.ndarray) -> None:
        eye, back, up = pose[:3, 3], pose[:3, 2], pose[:3, 1]
        self.view.scene.camera.look_at(eye - back, eye, up)
        self.view.force_redraw()
