"""Colours in Open3D-ML's visualiser, and its window of a data set."""

import importlib
import importlib.util
import json
import os
import shutil
import subprocess
import sys
from typing import Any

import numpy as np
import pytest

from conclu_pyg.vis.colors import color_of
from conclu_pyg.vis.window import vulkan_problem

if importlib.util.find_spec("open3d") is None:
    pytest.skip("needs Open3D", allow_module_level=True)

POS = np.random.default_rng(0).normal(size=(6, 3)).astype(np.float32)
LABELS = np.array([0, 2, 2, 7, 0, 7], dtype=np.int32)
TABLE = {7: [0.0, 0.0, 1.0, 1.0], 0: [1.0, 0.0, 0.0, 1.0], 2: [0.0, 1.0, 0.0, 0.0]}  # 2 is hidden


def label_visualizer() -> Any:
    """Imports the module late: Open3D takes seconds."""
    return importlib.import_module("conclu_pyg.vis.label_visualizer")


def test_labels_have_the_colors_of_their_table() -> None:
    assert np.array_equal(label_visualizer().label_colors(LABELS, TABLE), [TABLE[label] for label in LABELS])


def test_a_label_without_a_color_is_grey() -> None:
    colors = label_visualizer().label_colors(np.array([7, -1, 0]), TABLE)
    assert np.array_equal(colors, [TABLE[7], [0.5, 0.5, 0.5, 1.0], TABLE[0]])


def test_each_label_is_looked_up_once() -> None:
    looked_up = []

    class Table(dict[int, list[float]]):
        def get(self, label: int, default: Any = None) -> Any:
            looked_up.append(label)
            return super().get(label, default)

    label_visualizer().label_colors(LABELS, Table(TABLE))
    assert sorted(looked_up) == [0, 2, 7]


def test_points_of_a_hidden_label_are_left_out() -> None:
    colors = np.array([TABLE[label] for label in LABELS])
    cloud = label_visualizer().visible_cloud(POS, colors)
    assert np.array_equal(cloud.point["positions"].numpy(), POS[LABELS != 2])
    assert np.array_equal(cloud.point["colors"].numpy(), [TABLE[label][:3] for label in LABELS if label != 2])
    assert set(cloud.point) == {"positions", "colors"}  # Open3D 0.20.0 rejects scalars
    assert label_visualizer().visible_cloud(POS, colors * [1, 1, 1, 0]) is None


def test_scalars_are_interpolated_between_the_stops_of_a_color_map() -> None:
    stops = [(0.0, [0.0, 0.0, 0.0]), (1.0, [1.0, 0.5, 0.0])]
    values = POS[:, 2]
    colors = label_visualizer().scalar_colors(values, stops, values.min(), values.max())
    assert np.allclose(colors[:, 0], (values - values.min()) / np.ptp(values), atol=1e-6)
    assert np.allclose(colors[:, 1], colors[:, 0] / 2) and (colors[:, 2] == 0).all() and (colors[:, 3] == 1).all()
    constant = label_visualizer().scalar_colors(np.ones(3), stops, 1.0, 1.0)
    assert np.isfinite(constant).all()


# Opens the window of a data set, prints what it shows and the colours of its picture when it is drawn, and closes it.
WINDOW = """
import json, os, numpy as np
import open3d.ml.utils as ml
from conclu_pyg.open3d_ml import LabelVisualizer

class Watched(LabelVisualizer):
    def setup_camera(self):
        super().setup_camera()
        self._3d.scene.scene.render_to_image(self.report)

    def report(self, image):
        colors = np.unique(np.asarray(image).reshape(-1, 3), axis=0).tolist()
        shown = [self._get_selected_names(), self._datasource_combobox.selected_text, colors]
        print("shown", json.dumps(shown), flush=True)
        os._exit(0)

shapes = ml.get_module("dataset", "ParametricShapes")(num_shapes=20, num_test_shapes=20, num_points=256)
parts = np.unique(shapes.get_split("test").get_data(0)["label"]).tolist()
print("parts", json.dumps(parts), flush=True)
Watched().visualize_dataset(shapes, "test", indices=[0, 3])
"""


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("xvfb-run") is None, reason="needs xvfb-run")
@pytest.mark.skipif(bool(vulkan_problem()), reason="needs Vulkan")
def test_a_data_set_is_shown_in_the_colors_of_its_parts() -> None:
    pytest.importorskip("addict", reason="needs the packages of open3d[ml]")
    command = ["xvfb-run", "-a", sys.executable, "-c", WINDOW]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(command, capture_output=True, text=True, timeout=240, env=environment, check=False)
    lines = dict(line.split(" ", 1) for line in done.stdout.splitlines() if line.startswith(("parts ", "shown ")))
    assert set(lines) == {"parts", "shown"}, done.stderr[-2000:]
    names, attribute, colors = json.loads(lines["shown"])
    assert (len(names), attribute) == (1, "labels")
    expected = color_of(np.array(json.loads(lines["parts"]))).tolist()
    assert all(color in colors for color in expected)  # next to blends with the background
