"""Colours in Open3D-ML's viewer."""

import importlib
import importlib.util
import os
import shutil
import subprocess
import sys
from typing import Any

import numpy as np
import pytest

from conclu_pyg.vis.window import vulkan_problem

if importlib.util.find_spec("open3d") is None:
    pytest.skip("needs Open3D", allow_module_level=True)

POS = np.random.default_rng(0).normal(size=(6, 3)).astype(np.float32)
LABELS = np.array([0, 2, 2, 7, 0, 7], dtype=np.int32)
TABLE = {7: [0.0, 0.0, 1.0, 1.0], 0: [1.0, 0.0, 0.0, 1.0], 2: [0.0, 1.0, 0.0, 0.0]}  # 2 is hidden


def label_viewer() -> Any:
    """Imports the module late: Open3D takes seconds."""
    return importlib.import_module("conclu_pyg.vis.label_viewer")


def test_labels_have_the_colors_of_their_table() -> None:
    assert np.array_equal(label_viewer().label_colors(LABELS, TABLE), [TABLE[label] for label in LABELS])


def test_each_label_is_looked_up_once() -> None:
    looked_up = []

    class Table(dict[int, list[float]]):
        def __getitem__(self, label: int) -> list[float]:
            looked_up.append(label)
            return super().__getitem__(label)

    label_viewer().label_colors(LABELS, Table(TABLE))
    assert sorted(looked_up) == [0, 2, 7]


def test_points_of_a_hidden_label_are_left_out() -> None:
    colors = np.array([TABLE[label] for label in LABELS])
    cloud = label_viewer().visible_cloud(POS, colors)
    assert np.array_equal(cloud.point["positions"].numpy(), POS[LABELS != 2])
    assert np.array_equal(cloud.point["colors"].numpy(), [TABLE[label][:3] for label in LABELS if label != 2])
    assert set(cloud.point) == {"positions", "colors"}  # Open3D 0.20.0 rejects scalars
    assert label_viewer().visible_cloud(POS, colors * [1, 1, 1, 0]) is None


def test_scalars_are_interpolated_between_the_stops_of_a_color_map() -> None:
    stops = [(0.0, [0.0, 0.0, 0.0]), (1.0, [1.0, 0.5, 0.0])]
    values = POS[:, 2]
    colors = label_viewer().scalar_colors(values, stops, values.min(), values.max())
    assert np.allclose(colors[:, 0], (values - values.min()) / np.ptp(values), atol=1e-6)
    assert np.allclose(colors[:, 1], colors[:, 0] / 2) and (colors[:, 2] == 0).all() and (colors[:, 3] == 1).all()
    constant = label_viewer().scalar_colors(np.ones(3), stops, 1.0, 1.0)
    assert np.isfinite(constant).all()


# Opens the window, prints the clouds and the colour map when all are shown, and closes it.
WINDOW = """
import os, threading, numpy as np
from conclu_pyg.vis import label_viewer
from conclu_pyg.vis.page import PageCloud
from conclu_pyg.vis.panel import panels_of
from conclu_pyg.vis.window import show_windows

class Watched(label_viewer.LabelViewer):
    def setup_camera(self):
        super().setup_camera()
        print("shown", sorted(self._get_selected_names()), self._shader.selected_text, flush=True)
        os._exit(0)

label_viewer.LabelViewer = Watched
labels = np.arange(90) % 3
panels = panels_of(np.random.rand(90, 3), labels, labels[::-1])
show_windows([PageCloud("scan", panels)], list("xyz"), window="open3d-ml")
"""


@pytest.mark.slow
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
