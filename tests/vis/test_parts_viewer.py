"""The window of parts: its clouds, and its list of parts with switches."""

import importlib.util
import json
import os
import shutil
import subprocess
import sys

import pytest

from conclu_pyg.vis.colors import CORRECT, ERROR
from conclu_pyg.vis.window import vulkan_problem

# Opens the window, hides a part as a click does, prints the visible parts, and closes it.
WINDOW = """
import json, numpy as np
from conclu_pyg.vis import parts_viewer
from conclu_pyg.vis.panel import panels_of
from conclu_pyg.vis.window import show_windows

class Watched(parts_viewer.PartsViewer):
    def run(self):
        before = {label: self.shown(label) for label in self.switches}
        self.show(1, False)
        print("shown", json.dumps([list(self.switches), before, {label: self.shown(label) for label in self.switches}]))
        self._app.post_to_main_thread(self._window, self._window.close)
        super().run()
        print("closed", flush=True)

parts_viewer.PartsViewer = Watched
pos = np.random.default_rng(0).normal(size=(60, 3))
labels = np.arange(60) % 3
show_windows(panels_of(pos, labels, np.where(labels == 2, 0, labels)), ["leg", "seat", "back"])
"""


@pytest.mark.skipif(importlib.util.find_spec("open3d") is None, reason="needs Open3D")
@pytest.mark.skipif(shutil.which("xvfb-run") is None, reason="needs xvfb-run")
@pytest.mark.skipif(bool(vulkan_problem()), reason="needs Vulkan")
def test_the_window_shows_every_cloud_and_switches_parts_in_all_of_them() -> None:
    command = ["xvfb-run", "-a", sys.executable, "-c", WINDOW]
    path = os.pathsep.join(sys.path)
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=120, env={**os.environ, "PYTHONPATH": path}, check=False
    )
    shown = [line for line in done.stdout.splitlines() if line.startswith("shown")]
    assert shown and "closed" in done.stdout, done.stderr[-2000:]
    parts, before, after = json.loads(shown[0].removeprefix("shown"))
    assert parts == [0, 1, 2, CORRECT, ERROR]
    assert before == {"0": [True, True], "1": [True, True], "2": [True], str(CORRECT): [True], str(ERROR): [True]}
    assert after == before | {"1": [False, False]}
