"""The window of parts: its panels, its list of parts with switches, and its keys."""

import importlib.util
import json
import os
import shutil
import subprocess
import sys

import pytest

from conclu_pyg.vis.colors import CORRECT, ERROR
from conclu_pyg.vis.window import vulkan_problem

# Opens the window, hides a part as a click does, turns a camera, goes to the other cloud and back by keys, prints what
# is shown, and closes it.
WINDOW = """
import json, numpy as np
from types import SimpleNamespace
from open3d.visualization import gui
from conclu_pyg.vis import parts_viewer
from conclu_pyg.vis.page import PageCloud
from conclu_pyg.vis.panel import panels_of
from conclu_pyg.vis.window import show_windows

class Watched(parts_viewer.PartsViewer):
    def press(self, key):
        return self._on_key(SimpleNamespace(type=gui.KeyEvent.Type.DOWN, key=key))

    def visible(self):
        return {label: self.shown(label) for label in self.switches}

    def run(self):
        found = {"parts": list(self.switches), "before": self.visible(), "name": self._heading.text}
        self.show(1, False)
        found["hidden"] = self.visible()
        start = self.poses()
        self._panes[1].view.look_at(np.zeros(3), np.array([0.0, 3.0, 1.0]), np.array([0.0, 0.0, 1.0]))
        moved = [self.follow(), self.follow()]
        poses = self.poses()
        found["same"] = [bool(np.allclose(pose, poses[1], atol=1e-5)) for pose in poses]
        found["turned"], found["moved"] = not np.allclose(start[0], poses[0], atol=1e-2), moved
        found["keys"] = [self.press(key) for key in (gui.KeyName.RIGHT, gui.KeyName.A)]
        found["next"], found["other"] = self.visible(), self._heading.text
        self.press(gui.KeyName.N)
        found["around"] = self._heading.text
        print("shown", json.dumps(found))
        self._app.post_to_main_thread(self._window, self._window.close)
        super().run()
        print("closed", flush=True)

parts_viewer.PartsViewer = Watched
pos = np.random.default_rng(0).normal(size=(60, 3))
labels = np.arange(60) % 3
clouds = [
    PageCloud("first", panels_of(pos, labels, np.where(labels == 2, 0, labels))),
    PageCloud("second", panels_of(pos, labels)),
]
show_windows(clouds, ["leg", "seat", "back"])
"""


@pytest.mark.skipif(importlib.util.find_spec("open3d") is None, reason="needs Open3D")
@pytest.mark.skipif(shutil.which("xvfb-run") is None, reason="needs xvfb-run")
@pytest.mark.skipif(bool(vulkan_problem()), reason="needs Vulkan")
def test_the_window_shows_every_panel_from_one_direction_and_switches_parts_and_clouds() -> None:
    command = ["xvfb-run", "-a", sys.executable, "-c", WINDOW]
    path = os.pathsep.join(sys.path)
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=120, env={**os.environ, "PYTHONPATH": path}, check=False
    )
    shown = [line for line in done.stdout.splitlines() if line.startswith("shown")]
    assert shown and "closed" in done.stdout, done.stderr[-2000:]
    found = json.loads(shown[0].removeprefix("shown"))
    assert found["parts"] == [0, 1, 2, CORRECT, ERROR] and "first" in found["name"]
    before = {"0": [True, True], "1": [True, True], "2": [True], str(CORRECT): [True], str(ERROR): [True]}
    assert found["before"] == before and found["hidden"] == before | {"1": [False, False]}
    assert found["same"] == [True] * 3 and found["turned"] and found["moved"] == [True, False]
    assert found["keys"] == [True, False] and "second" in found["other"] and "first" in found["around"]
    assert found["next"] == {"0": [True], "1": [False], "2": [True], str(CORRECT): [], str(ERROR): []}
