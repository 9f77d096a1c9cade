"""Open3D-ML's viewer paints what its panel says: labels by their table, numbers by a colour map; and it opens."""

import copy
import importlib.util
import os
import shutil
import subprocess
import sys
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from conclu_pyg.vis.window import vulkan_problem

if importlib.util.find_spec("open3d") is None:
    pytest.skip("needs Open3D", allow_module_level=True)

POS = np.random.default_rng(0).normal(size=(6, 3)).astype(np.float32)
LABELS = np.array([0, 2, 2, 7, 0, 7], dtype=np.int32)
TABLE = {7: [0.0, 0.0, 1.0, 1.0], 0: [1.0, 0.0, 0.0, 1.0], 2: [0.0, 1.0, 0.0, 0.0]}  # 2 is switched off


@pytest.fixture
def viewer() -> Any:
    """The viewer with one cloud, as its panel would have it, without a window."""
    from conclu_pyg.vis.label_viewer import LabelViewer

    viewer = LabelViewer(2)
    viewer._init_data([{"name": "a", "points": POS, "labels": LABELS}])
    viewer._objects.load("a")
    viewer._datasource_combobox = SimpleNamespace(selected_text="labels")
    viewer._shader = SimpleNamespace(selected_text=viewer.LABELS_NAME)
    viewer._colormap_channel = SimpleNamespace(selected_index=2)
    viewer._rgb_combo = SimpleNamespace(selected_text="255")
    viewer._label_edit = SimpleNamespace(_label2color=copy.deepcopy(TABLE))
    viewer._name2treenode = {"a": SimpleNamespace(checkbox=SimpleNamespace(checked=True))}
    stops = [SimpleNamespace(value=0.0, color=[0.0, 0.0, 0.0]), SimpleNamespace(value=1.0, color=[1.0, 0.5, 0.0])]
    viewer._colormaps = {viewer.RAINBOW_NAME: SimpleNamespace(points=stops)}
    viewer._dont_update_geometry = False
    viewer.drawn = {}
    scene = SimpleNamespace(
        remove_geometry=lambda name: viewer.drawn.pop(name, None),
        add_geometry=lambda name, cloud, material: viewer.drawn.update({name: cloud}),
        show_geometry=lambda name, shown: None,
    )
    viewer._3d = SimpleNamespace(scene=scene)
    return viewer


def test_labels_have_the_colors_of_their_table(viewer: Any) -> None:
    assert np.array_equal(viewer._colors("a"), [TABLE[label] for label in LABELS])


def test_a_color_is_looked_up_once_for_each_label_and_not_for_each_point(viewer: Any) -> None:
    looked_up = []

    class Table(dict[int, list[float]]):
        def __getitem__(self, label: int) -> list[float]:
            looked_up.append(label)
            return super().__getitem__(label)

    viewer._label_edit._label2color = Table(TABLE)
    viewer._colors("a")
    assert sorted(looked_up) == [0, 2, 7]


def test_a_label_that_is_switched_off_takes_its_points_along(viewer: Any) -> None:
    viewer._update_point_cloud("a", viewer._objects.tclouds["a"], None)
    cloud = viewer.drawn["a"]
    assert np.array_equal(cloud.point["positions"].numpy(), POS[LABELS != 2])
    assert np.array_equal(cloud.point["colors"].numpy(), [TABLE[label][:3] for label in LABELS if label != 2])
    assert "__visualization_scalar" not in cloud.point  # what Open3D 0.20.0 refuses
    for color in viewer._label_edit._label2color.values():
        color[3] = 0.0
    viewer._update_point_cloud("a", viewer._objects.tclouds["a"], None)
    assert not viewer.drawn


def test_coordinates_are_drawn_by_the_color_map(viewer: Any) -> None:
    viewer._datasource_combobox.selected_text, viewer._shader.selected_text = "points", viewer.RAINBOW_NAME
    viewer._scalar_min, viewer._scalar_max = POS[:, 2].min(), POS[:, 2].max()
    colors = viewer._colors("a")
    assert np.allclose(colors[:, 0], (POS[:, 2] - POS[:, 2].min()) / np.ptp(POS[:, 2]), atol=1e-6)
    assert np.allclose(colors[:, 1], colors[:, 0] / 2) and (colors[:, 2] == 0).all() and (colors[:, 3] == 1).all()
    viewer._shader.selected_text = viewer.COLOR_NAME
    assert np.allclose(viewer._colors("a")[:, :3], POS / 255)


# Opens the window, and says which colours each cloud was drawn with, once all is shown; then closes.
WINDOW = """
import os, threading, numpy as np
from conclu_pyg.vis import label_viewer
from conclu_pyg.vis.panel import panels_of
from conclu_pyg.vis.window import show_windows

class Watched(label_viewer.LabelViewer):
    def setup_camera(self):
        super().setup_camera()
        print("shown", sorted(self._get_selected_names()), self._shader.selected_text, flush=True)
        os._exit(0)

label_viewer.LabelViewer = Watched
labels = np.arange(90) % 3
show_windows(panels_of(np.random.rand(90, 3), labels, labels[::-1]), list("xyz"), window="open3d-ml")
"""


@pytest.mark.skipif(shutil.which("xvfb-run") is None, reason="needs xvfb-run")
@pytest.mark.skipif(bool(vulkan_problem()), reason="needs Vulkan")
def test_the_window_opens_with_every_cloud_by_its_labels() -> None:
    command = ["xvfb-run", "-a", sys.executable, "-c", WINDOW]
    path = os.pathsep.join(sys.path)
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=120, env={**os.environ, "PYTHONPATH": path}, check=False
    )
    shown = [line for line in done.stdout.splitlines() if line.startswith("shown")]
    assert shown and "'prediction', 'truth'" in shown[0] and shown[0].endswith("Label Colormap"), done.stderr[-2000:]
