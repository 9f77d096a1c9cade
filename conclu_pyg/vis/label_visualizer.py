"""Open3D-ML's visualiser with colours that Open3D 0.20 can draw."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import open3d
from open3d.ml.vis import Visualizer
from open3d.visualization import rendering

from conclu_pyg.vis.label_lut import label_lut
from conclu_pyg.vis.window import check_display, check_vulkan

BY_SCALAR = "unlitGradient"  # the shader that colours points by a scalar
LABELS = "labels"  # the attribute with the labels of points
UNKNOWN = (0.5, 0.5, 0.5, 1.0)  # the colour of points without the selected attribute, and of labels without a colour


class LabelVisualizer(Visualizer):
    """``open3d.ml.vis.Visualizer`` that opens with the clouds in the colours of their ``labels``, if there are some.

    Open3D 0.20.0 rejects every cloud with a scalar per point ("Unsupported data for Dtype::FromType"), and its
    visualiser adds one to each. This class computes the colours before it hands the cloud over: those of the table of
    labels, without the points of hidden labels, or those of the selected colour map. Open3D-ML offers no public way for
    that, so private methods are overridden. :meth:`visualize` is that of Open3D-ML.
    """

    def visualize_dataset(
        self,
        dataset: Any,
        split: str,
        indices: Iterable[int] | None = None,
        width: int = 1280,
        height: int = 768,
    ) -> None:
        """Shows clouds of a data set with the interface of Open3D-ML, and returns when the window is closed.

        The table of labels maps their numbers to names; that of Open3D-ML has the names in place of the numbers.

        Args:
            dataset: the data set.
            split: a split of it.
            indices: of the clouds (default: all of them).
            width, height: of the window in pixels (default: 1280 x 768).

        Raises:
            ConcluError: there is no display, or Vulkan is missing.
        """
        self.set_lut(LABELS, label_lut(dataset.label_to_names))
        self._consolidate_bounding_boxes = True
        self._init_dataset(dataset, split, indices)
        self._visualize(f"Open3D - {dataset.name}", width, height)

    def setup_camera(self) -> None:
        """Selects the labels when all clouds are loaded."""
        if LABELS in self._get_available_attrs():
            self._datasource_combobox.selected_text = LABELS
            self._on_datasource_changed(LABELS, self._datasource_combobox.selected_index)
        super().setup_camera()
        self._3d.scene.view.set_post_processing(False)  # it would change the colours of the table

    def _visualize(self, title: str, width: int, height: int) -> None:
        check_display()
        check_vulkan()
        super()._visualize(title, width, height)

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
    """Returns the colour of each label, with one look-up per distinct label; grey for labels that the table lacks.

    Shapes:
        - **labels:** ``[n]``, **output:** RGBA from 0 to 1, ``[n, 4]``
    """
    distinct, rows = np.unique(labels, return_inverse=True)
    return np.array([table.get(int(label), UNKNOWN) for label in distinct])[rows]


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
