"""Windows of Open3D with the clouds side by side, where there is a display."""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from conclu_pyg.errors import ConcluError, ConfigError
from conclu_pyg.open3d_library import import_open3d
from conclu_pyg.vis.camera import camera_axes
from conclu_pyg.vis.colors import color_of
from conclu_pyg.vis.panel import Names, Panel, legend

OTHERWISE = "or take pictures (PNG) or an HTML page"
SIZE = (1280, 720)
GAP = 1.25  # from the middle of a cloud to that of the next, in its widths


def show_windows(panels: Sequence[Panel], names: Names, up_axis: int = 2, window: str = "open3d") -> None:
    """Opens a window with the clouds side by side, and returns when it is closed.

    ``open3d`` has a panel beside the clouds with the colour and name of each part, which switches it on and off.
    ``open3d-ml`` is ``open3d.ml.vis.Visualizer`` with a ``LabelLUT`` of names and colours, which can be changed and
    switched off. Both need Vulkan (since Open3D 0.20).
    ``plain`` is ``draw_geometries``, which needs OpenGL only, and has no legend.

    Args:
        panels: what to show, at least one.
        names: the names of the parts, a list by label or a mapping from it.
        up_axis: which coordinate points up (default: 2).
        window: ``open3d``, ``open3d-ml`` or ``plain`` (default: ``open3d``).

    Raises:
        ConfigError: an unknown window, or no panels.
        ConcluError: there is no display, or Open3D or Vulkan is missing.
    """
    if window not in WINDOWS:
        raise ConfigError(f"there is no window {window!r}; take one of {', '.join(WINDOWS)}.")
    if not panels:
        raise ConfigError("a window needs at least one cloud to show, found none.")
    problem = display_problem()
    if problem:
        raise ConcluError(
            f"no window can be opened: {problem}; connect a display (by `ssh -X`, or `xvfb-run` for a test), "
            f"{OTHERWISE}."
        )
    WINDOWS[window](_side_by_side(panels, up_axis), names, up_axis)


def display_problem() -> str:
    """Why no window can be opened here, for the middle of a sentence; empty where one can."""
    if not sys.platform.startswith("linux") or os.environ.get("WAYLAND_DISPLAY"):
        return ""
    name = os.environ.get("DISPLAY")
    if not name:
        return "neither DISPLAY nor WAYLAND_DISPLAY names a display"
    try:
        x11 = ctypes.CDLL("libX11.so.6")
    except OSError:
        return "the library libX11.so.6 is missing"
    x11.XOpenDisplay.restype, x11.XCloseDisplay.argtypes = ctypes.c_void_p, [ctypes.c_void_p]
    display = x11.XOpenDisplay(name.encode())
    if not display:
        return f"the display {name!r}, which DISPLAY names, does not answer"
    x11.XCloseDisplay(display)
    return ""


def _side_by_side(panels: Sequence[Panel], up_axis: int) -> list[Panel]:
    """The same clouds, centred, of equal size, beside each other as the camera sees them."""
    right = camera_axes(up_axis)[0]
    placed = []
    for index, panel in enumerate(panels):
        points = panel.pos.astype(np.float64)
        low, high = points.min(axis=0), points.max(axis=0)
        points = (points - (low + high) / 2) / max(float((high - low).max()), np.finfo(np.float64).tiny)
        placed.append(Panel(panel.title, points + GAP * index * right, panel.labels))
    return placed


def _open3d_viewer(panels: Sequence[Panel], names: Names, up_axis: int) -> None:
    import_open3d("the window", OTHERWISE)
    _check_vulkan()
    _parts_viewer(panels, names, up_axis).run()


def _parts_viewer(panels: Sequence[Panel], names: Names, up_axis: int) -> Any:
    from conclu_pyg.vis.parts_viewer import PartsViewer  # which imports Open3D, and that takes seconds

    return PartsViewer(panels, names, up_axis, SIZE)


def _open3d_ml(panels: Sequence[Panel], names: Names, up_axis: int) -> None:
    open3d_ml = import_open3d("the window of Open3D-ML", OTHERWISE, "open3d.ml.vis")
    _check_vulkan()
    table = open3d_ml.LabelLUT()
    for label, name in legend(panels, names).items():
        table.add_label(name, label, (color_of(np.array([label]))[0] / 255).tolist())
    viewer = _label_viewer(up_axis)
    viewer.set_lut("labels", table)
    clouds = [
        {"name": panel.title, "points": panel.pos.astype(np.float32), "labels": panel.labels.astype(np.int32)}
        for panel in panels
    ]
    viewer.visualize(clouds, width=SIZE[0], height=SIZE[1])


def _label_viewer(up_axis: int) -> Any:
    from conclu_pyg.vis.label_viewer import LabelViewer  # which imports Open3D, and that takes seconds

    return LabelViewer(up_axis)


def _plain(panels: Sequence[Panel], names: Names, up_axis: int) -> None:
    open3d = import_open3d("the window", OTHERWISE)
    clouds = []
    for panel in panels:
        cloud = open3d.geometry.PointCloud(open3d.utility.Vector3dVector(panel.pos))
        cloud.colors = open3d.utility.Vector3dVector(color_of(panel.labels) / 255)
        clouds.append(cloud)
    front = camera_axes(up_axis)[2]
    middle = np.mean([panel.pos.mean(axis=0) for panel in panels], axis=0)
    open3d.visualization.draw_geometries(
        clouds, window_name="conclu_pyg: " + ", ".join(panel.title for panel in panels), width=SIZE[0], height=SIZE[1],
        lookat=middle, up=np.eye(3)[up_axis], front=front, zoom=0.6,
    )  # fmt: skip


def _check_vulkan() -> None:
    """Refuses where Open3D would end the process: without Vulkan, or with its loader and no driver."""
    if not sys.platform.startswith("linux"):
        return
    reason = vulkan_problem()
    if reason:
        raise ConcluError(
            f"this window of Open3D needs Vulkan, and {reason}; install it, on Debian and Ubuntu by `apt-get install "
            f"libvulkan1 mesa-vulkan-drivers`, take the window 'plain', {OTHERWISE}."
        )


def vulkan_problem() -> str:
    """Why Vulkan cannot be used here, for the middle of a sentence; empty where it can."""

    class InstanceCreateInfo(ctypes.Structure):
        """``VkInstanceCreateInfo`` of the Vulkan specification, with nothing asked for."""

        _fields_ = [
            ("sType", ctypes.c_int), ("pNext", ctypes.c_void_p), ("flags", ctypes.c_uint32),
            ("pApplicationInfo", ctypes.c_void_p), ("enabledLayerCount", ctypes.c_uint32),
            ("ppEnabledLayerNames", ctypes.c_void_p), ("enabledExtensionCount", ctypes.c_uint32),
            ("ppEnabledExtensionNames", ctypes.c_void_p),
        ]  # fmt: skip

    try:
        vulkan = ctypes.CDLL("libvulkan.so.1")
    except OSError:
        return "the library libvulkan.so.1 is missing"
    instance = ctypes.c_void_p()
    code = vulkan.vkCreateInstance(ctypes.byref(InstanceCreateInfo(sType=1)), None, ctypes.byref(instance))
    if code != 0:
        return f"no driver was found for it (error {code})"
    vulkan.vkDestroyInstance(instance, None)
    return ""


WINDOWS: dict[str, Callable[[Sequence[Panel], Names, int], None]] = {
    "open3d": _open3d_viewer,
    "open3d-ml": _open3d_ml,
    "plain": _plain,
}
