"""The viewer of Open3D-ML, painting points itself, for where Open3D 0.20's renderer cannot."""

from __future__ import annotations

from typing import Any

import numpy as np
import open3d
from open3d.ml.vis import Visualizer
from open3d.visualization import rendering

from conclu_pyg.vis.camera import camera_axes

BY_SCALAR = "unlitGradient"  # the shader that colours points by a number of each


class LabelViewer(Visualizer):
    """``open3d.ml.vis.Visualizer`` that opens with all clouds, in the colours of their ``labels``.

    Open3D 0.20.0 refuses every cloud with a number for each point ("Unsupported data for Dtype::FromType"), by which
    its own viewer colours points. Here colours are looked up before the cloud is handed over: those of the table of
    labels, where a label that is switched off takes its points along, or those of the colour map that was chosen.

    Args:
        up_axis: which coordinate points up.
    """

    def __init__(self, up_axis: int) -> None:
        super().__init__()
        self._vertical_axis = up_axis

    def setup_camera(self) -> None:
        """Called when all is loaded: shows every cloud by its labels, from where the camera of pictures is too."""
        for name, node in self._name2treenode.items():
            self._objects.load(name)
            node.checkbox.checked = True
            self._3d.scene.show_geometry(name, True)
        self._datasource_combobox.selected_text = "labels"
        self._on_datasource_changed("labels", self._datasource_combobox.selected_index)
        super().setup_camera()
        self._3d.scene.view.set_post_processing(False)  # its tones are not those of the table
        bounds = np.array([self._objects.calc_bounds_for(name) for name in self._get_selected_names()])
        middle = (bounds[:, 0].min(axis=0) + bounds[:, 1].max(axis=0)) / 2
        width = float((bounds[:, 1].max(axis=0) - bounds[:, 0].min(axis=0)).max())
        _, up, towards = camera_axes(self._vertical_axis)
        self._3d.look_at(middle, middle + 1.6 * width * towards, up)

    def _get_material(self) -> rendering.MaterialRecord:
        material = super()._get_material()
        if material.shader == BY_SCALAR:
            material = rendering.MaterialRecord()
            material.shader = "defaultUnlit"
        return material

    def _update_geometry_colors(self) -> None:
        self._update_geometry()

    def _update_point_cloud(self, name: str, tcloud: open3d.t.geometry.PointCloud, material: object) -> None:
        if self._dont_update_geometry or tcloud.is_empty():
            return
        colors = self._colors(name)
        shown = colors[:, 3] > 0
        tensor: Any = open3d.core.Tensor.from_numpy
        cloud = open3d.t.geometry.PointCloud(tensor(tcloud.point["positions"].numpy()[shown]))
        cloud.point["colors"] = tensor(np.ascontiguousarray(colors[shown, :3], dtype=np.float32))
        self._3d.scene.remove_geometry(name)
        if shown.any():
            self._3d.scene.add_geometry(name, cloud, material)
            self._3d.scene.show_geometry(name, self._name2treenode[name].checkbox.checked)

    def _colors(self, name: str) -> np.ndarray:
        """Red, green, blue and opacity of each point, from 0 to 1, as the panel at the right asks for them."""
        values = self._objects.get_attr(name, self._datasource_combobox.selected_text)
        if values is None:
            return np.tile([0.5, 0.5, 0.5, 1.0], (len(self._objects.tclouds[name].point["positions"]), 1))
        if values.ndim > 1 and self._shader.selected_text == self.COLOR_NAME:
            colors = values[:, :3] / max(float(self._rgb_combo.selected_text), 1.0)
            return np.column_stack([colors, np.ones(len(colors))])
        if values.ndim > 1:
            values = values[:, max(0, self._colormap_channel.selected_index)]
        if self._shader.selected_text == self.LABELS_NAME:
            table = self._label_edit._label2color
            labels, rows = np.unique(values, return_inverse=True)
            return np.array([table[int(label)] for label in labels])[rows]
        stops = self._colormaps.get(self._shader.selected_text, self._colormaps[self.RAINBOW_NAME]).points
        places = (values - self._scalar_min) / max(self._scalar_max - self._scalar_min, 1e-12)
        channels = np.array([stop.color[:3] for stop in stops]).T
        colors = [np.interp(places, [stop.value for stop in stops], channel) for channel in channels]
        return np.column_stack([*colors, np.ones(len(values))])
