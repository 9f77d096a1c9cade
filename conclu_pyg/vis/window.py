"""Open3D windows with clouds side by side."""

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
from conclu_pyg.vis.label_lut import label_lut
from conclu_pyg.vis.panel import Names, Panel, legend

OTHERWISE = "or use pictures (PNG) or an HTML page"
SIZE = (1280, 720)
GAP = 1.25  # distance between the centres of clouds, in widths of a cloud


def show_windows(panels: Sequence[Panel], names: Names, up_axis: int = 2, window: str = "open3d") -> None:
    """Opens a window with the clouds side by side, and returns when it is closed.

    ``open3d`` has a legend in which parts can be hidden. ``open3d-ml`` is ``open3d.ml.vis.Visualizer`` with a
    ``LabelLUT`` of names and colours, in which parts can be hidden and recoloured. Both need Vulkan (since Open3D
    0.20). ``plain`` is ``draw_geometries``, which needs only OpenGL and has no legend.

    Args:
        panels: the clouds, at least one.
        names: the names of the parts, by label.
        up_axis: the up axis, 0 to 2 (default: 2).
        window: ``open3d``, ``open3d-ml`` or ``plain`` (default: ``open3d``).

    Raises:
        ConfigError: the window is unknown, or there are no panels.
        ConcluError: there is no display, or Open3D or Vulkan is missing.
    """
    if window not in WINDOWS:
        raise ConfigError(f"window must be one of {', '.join(WINDOWS)}; got {window!r}.", argument="window", got=window)
    if not panels:
        raise ConfigError("a window needs at least one cloud, got none.")
    problem = display_problem()
    if problem:
        raise ConcluError(
            f"cannot open a window: {problem}; connect a display (by `ssh -X`, or `xvfb-run` for a test), {OTHERWISE}."
        )
    WINDOWS[window](_side_by_side(panels, up_axis), names, up_axis)


def display_problem() -> str:
    """Returns why no window can be opened here, as a clause; empty if one can."""
    if not sys.platform.startswith("linux") or os.environ.get("WAYLAND_DISPLAY"):
        return ""
    name = os.environ.get("DISPLAY")
    if not name:
        return "neither DISPLAY nor WAYLAND_DISPLAY is set"
    try:
        x11 = ctypes.CDLL("libX11.so.6")
    except OSError:
        return "the library libX11.so.6 is missing"
    x11.XOpenDisplay.restype, x11.XCloseDisplay.argtypes = ctypes.c_void_p, [ctypes.c_void_p]
    display = x11.XOpenDisplay(name.encode())
    if not display:
        return f"the display DISPLAY={name} does not respond"
    x11.XCloseDisplay(display)
    return ""


def _side_by_side(panels: Sequence[Panel], up_axis: int) -> list[Panel]:
    """Returns the clouds centred, scaled to equal size and moved side by side, from left to right for the camera."""
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
    from conclu_pyg.vis.parts_viewer import PartsViewer  # imports Open3D, which takes seconds

    return PartsViewer(panels, names, up_axis, SIZE)


def _open3d_ml(panels: Sequence[Panel], names: Names, up_axis: int) -> None:
    table = label_lut(legend(panels, names))
    _check_vulkan()
    viewer = _label_viewer(up_axis)
    viewer.set_lut("labels", table)
    clouds = [
        {"name": panel.title, "points": panel.pos.astype(np.float32), "labels": panel.labels.astype(np.int32)}
        for panel in panels
    ]
    viewer.visualize(clouds, width=SIZE[0], height=SIZE[1])


def _label_viewer(up_axis: int) -> Any:
    from conclu_pyg.vis.label_viewer import LabelViewer  # imports Open3D, which takes seconds

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
    """Checks for Vulkan: Open3D terminates the process if Vulkan is missing or has no driver."""
    if not sys.platform.startswith("linux"):
        return
    reason = vulkan_problem()
    if reason:
        raise ConcluError(
            f"this Open3D window needs Vulkan, but {reason}; install it, on Debian and Ubuntu by `apt-get install "
            f"libvulkan1 mesa-vulkan-drivers`, use the window 'plain', {OTHERWISE}."
        )


def vulkan_problem() -> str:
    """Returns why Vulkan cannot be used here, as a clause; empty if it can."""

    class InstanceCreateInfo(ctypes.Structure):
        """``VkInstanceCreateInfo`` of the Vulkan specification, without layers and extensions."""

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
        return f"it has no driver (error {code})"
    vulkan.vkDestroyInstance(instance, None)
    return ""


WINDOWS: dict[str, Callable[[Sequence[Panel], Names, int], None]] = {
    "open3d": _open3d_viewer,
    "open3d-ml": _open3d_ml,
    "plain": _plain,
}
