"""The window of Open3D-ML's visualiser with panels next to each other."""

import importlib.util
import os
import shutil
import subprocess
import sys

import pytest

from conclu_pyg.vis.window import vulkan_problem

if importlib.util.find_spec("open3d") is None:
    pytest.skip("needs Open3D", allow_module_level=True)

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
