#!/usr/bin/env bash
# Guess: after Visualizer.clear_geometries() of Open3D, the first add_geometry(cloud) fits the view to that cloud, as the
# first one in a new window does: reset_bounding_box=True is the default.
# Found: the bounding box keeps the extent of everything that was ever added. The view grows with larger clouds, and never
# shrinks: after a cloud of 100 m and clear_geometries(), a cloud of 1 m fills 1 to 2 % of the width.
# What helps: reset_view_point(True) after the cloud was added.
# Needs EGL without a display (Debian: libegl1 libgl1-mesa-dri), and libusb-1.0-0.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet open3d-cpu==0.20.0 numpy==2.3.5
unset DISPLAY WAYLAND_DISPLAY
"$work/venv/bin/python" - <<'PY'
import platform
import sys

import numpy as np
import open3d as o3d

print("Open3D", o3d.__version__, "numpy", np.__version__, "Python", platform.python_version())
viewer = o3d.visualization.Visualizer()
assert viewer.create_window("clouds", 400, 300, visible=False), "no window: EGL is missing"
points = np.random.default_rng(0).random((500, 3))


def add(size: float) -> float:
    """Adds a cloud; returns the share of the width of the picture between its outermost points."""
    viewer.add_geometry(o3d.geometry.PointCloud(o3d.utility.Vector3dVector(points * size)))
    return width()


def width() -> float:
    viewer.poll_events()
    viewer.update_renderer()
    picture = np.asarray(viewer.capture_screen_float_buffer(True))
    columns = np.flatnonzero((picture < 0.95).any(axis=(0, 2)))
    return float(np.ptp(columns)) / picture.shape[1]


first = add(1)
viewer.clear_geometries()
larger = add(100)
viewer.clear_geometries()
again = add(1)
viewer.reset_view_point(True)
reset = width()
print(f"share of the width: 1 m {first:.3f}, then 100 m alone {larger:.3f}, then 1 m alone {again:.3f}")
print(f"after reset_view_point(True): {reset:.3f}")
found = first > 0.5 and larger > 0.5 and again < 0.05 and reset > 0.5
print("as found: the view keeps the size of the removed cloud" if found else "changed: the view fits the new cloud")
sys.exit(not found)
PY
