"""Open3D-ML's viewer with colours that Open3D 0.20 can draw."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import open3d
from open3d.ml.vis import Visualizer
from open3d.visualization import rendering

from conclu_pyg.vis.camera import camera_axes

BY_SCALAR = "unlitGradient"  # the shader that colours points by a scalar
UNKNOWN = (0.5, 0.5, 0.5, 1.0)  # the colour of points without the selected attribute


class LabelViewer(Visualizer):
    """``open3d.ml.vis.Visualizer`` that opens with all clouds in the colours of their ``labels``.

    Open3D 0.20.0 rejects every cloud with a scalar per point ("Unsupported data for Dtype::FromType"), by which its
    viewer colours points. This class computes the colours before it hands the cloud over: those of the table of labels,
    without the points of hidden labels, or those of the selected colour map. Open3D-ML offers no public way for that,
    so private methods are overridden.

    Args:
        up_axis: the up axis, 0 to 2.
    """

    def __init__(self, up_axis: int) -> None:
        super().__init__()
        self._up_axis = up_axis

    def setup_camera(self) -> None:
        """Shows every cloud by its labels, from the camera direction of the pictures, when all clouds are loaded."""
        for name, node in self._name2treenode.items():
            self._objects.load(name)
            node.checkbox.checked = True
            self._3d.scene.show_geometry(name, True)
        self._datasource_combobox.selected_text = "labels"
        self._on_datasource_changed("labels", self._datasource_combobox.selected_index)
        super().setup_camera()
        self._3d.scene.view.set_post_processing(False)  # it would change the colours of the table
        bounds = np.array([self._objects.calc_bounds_for(name) for name in self._get_selected_names()])
        middle = (bounds[:, 0].min(axis=0) + bounds[:, 1].max(axis=0)) / 2
        width = float((bounds[:, 1].max(axis=0) - bounds[:, 0].min(axis=0)).max())
        _, up, towards = camera_axes(self._up_axis)
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
        self._3d.scene.remove_geometry(name)
        cloud = visible_cloud(tcloud.point["positions"].numpy(), self._colors(name))
        if cloud is not None:
            self._3d.scene.add_geometry(name, cloud, material)
            self._3d.scene.show_geometry(name, self._name2treenode[name].checkbox.checked)

    def _colors(self, name: str) -> np.ndarray:
        """Returns the colour of each point as the settings of the window ask for it, RGBA from 0 to 1."""
        values = self._objects.get_attr(name, self._datasource_combobox.selected_text)
        if values is None:
            return np.tile(UNKNOWN, (len(self._objects.tclouds[name].point["positions"]), 1))
        if values.ndim > 1 and self._shader.selected_text == self.COLOR_NAME:
            colors = values[:, :3] / max(float(self._rgb_combo.selected_text), 1.0)
            return np.column_stack([colors, np.ones(len(colors))])
        if values.ndim > 1:
            values = values[:, max(0, self._colormap_channel.selected_index)]
        if self._shader.selected_text == self.LABELS_NAME:
            return label_colors(values, self._label_edit._label2color)
        stops = self._colormaps.get(self._shader.selected_text, self._colormaps[self.RAINBOW_NAME]).points
        pairs = [(stop.value, stop.color) for stop in stops]
        return scalar_colors(values, pairs, self._scalar_min, self._scalar_max)


def visible_cloud(positions: np.ndarray, colors: np.ndarray) -> Any:
    """Returns an ``open3d.t.geometry.PointCloud`` of the points that are not transparent; ``None`` if there are none.

    Shapes:
        - **positions:** float32 ``[n, 3]``, **colors:** RGBA from 0 to 1, ``[n, 4]``
    """
    shown = colors[:, 3] > 0
    if not shown.any():
        return None
    tensor: Any = open3d.core.Tensor.from_numpy
    cloud = open3d.t.geometry.PointCloud(tensor(positions[shown]))
    cloud.point["colors"] = tensor(np.ascontiguousarray(colors[shown, :3], dtype=np.float32))
    return cloud


def label_colors(labels: np.ndarray, table: Mapping[int, Sequence[float]]) -> np.ndarray:
    """Returns the colour of each label, with one look-up per distinct label.

    Shapes:
        - **labels:** ``[n]``, **output:** RGBA from 0 to 1, ``[n, 4]``
    """
    distinct, rows = np.unique(labels, return_inverse=True)
    return np.array([table[int(label)] for label in distinct])[rows]


def scalar_colors(
    values: np.ndarray, stops: Sequence[tuple[float, Sequence[float]]], low: float, high: float
) -> np.ndarray:
    """Returns the colour of each value, interpolated between the stops of a colour map.

    Args:
        values: a value per point.
        stops: positions from 0 to 1 in the colour map, ascending, and their colours.
        low, high: the values at 0 and at 1.

    Shapes:
        - **values:** ``[n]``, **output:** RGBA from 0 to 1, ``[n, 4]``
    """
    positions = (values - low) / max(high - low, 1e-12)
    channels = np.array([color[:3] for _, color in stops]).T
    colors = [np.interp(positions, [position for position, _ in stops], channel) for channel in channels]
    return np.column_stack([*colors, np.ones(len(values))])
