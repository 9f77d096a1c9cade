"""The window that needs only OpenGL."""

import importlib.util
import json
import os
import shutil
import subprocess
import sys

import pytest

# Opens the window, prints where the corners of the clouds are in its frame, and goes on by keys.
WINDOW = """
import json, numpy as np, open3d
from conclu_pyg.vis.page import PageCloud
from conclu_pyg.vis.panel import panels_of
from conclu_pyg.vis.plain_viewer import PlainViewer

pos = np.random.default_rng(0).normal(size=(200, 3)) * [1, 2, 9] + 50
labels = np.arange(200) % 3
clouds = [PageCloud("a", panels_of(pos, labels, labels)), PageCloud("b", panels_of(pos, labels))]
viewer = PlainViewer(open3d, clouds, 2, (640, 360))
found = {"fields": [], "filled": [], "index": []}
for step in range(3):
    viewer.show_cloud(step)
    viewer._viewer.poll_events()
    viewer._viewer.update_renderer()
    found["fields"].append(viewer._viewer.get_view_control().get_field_of_view())
    image = np.asarray(viewer._viewer.capture_screen_float_buffer(True))
    places = np.argwhere((image < 0.95).any(axis=2)) / image.shape[:2]
    found["filled"].append([*places.min(axis=0).tolist(), *places.max(axis=0).tolist()])
    found["index"].append(viewer.index)
print("shown", json.dumps(found), flush=True)
"""


@pytest.mark.skipif(importlib.util.find_spec("open3d") is None, reason="needs Open3D")
@pytest.mark.skipif(shutil.which("xvfb-run") is None, reason="needs xvfb-run")
def test_the_clouds_fill_the_frame_in_parallel_projection() -> None:
    command = ["xvfb-run", "-a", sys.executable, "-c", WINDOW]
    path = os.pathsep.join(sys.path)
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=120, env={**os.environ, "PYTHONPATH": path}, check=False
    )
    shown = [line for line in done.stdout.splitlines() if line.startswith("shown")]
    if not shown and "GLFW" in done.stdout + done.stderr:
        pytest.skip("needs OpenGL")
    assert shown, done.stderr[-2000:]
    found = json.loads(shown[0].removeprefix("shown"))
    assert found["index"] == [0, 1, 0] and found["fields"] == [5.0] * 3  # Open3D's smallest, which is parallel
    for top, left, bottom, right in found["filled"]:
        assert min(left, top) >= 0 and max(right, bottom) <= 1
        assert max(right - left, bottom - top) > 0.8  # of the width or the height
