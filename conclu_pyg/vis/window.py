"""Open3D windows of clouds."""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from conclu_pyg.errors import ConcluError, ConfigError
from conclu_pyg.open3d_library import import_open3d
from conclu_pyg.vis.label_lut import label_lut
from conclu_pyg.vis.page import PageCloud
from conclu_pyg.vis.panel import Names, legend, side_by_side
from conclu_pyg.vis.plain_viewer import PlainViewer

OTHERWISE = "or use pictures (PNG) or an HTML page"
SIZE = (1280, 720)


def show_windows(clouds: Sequence[PageCloud], names: Names, up_axis: int = 2, window: str = "open3d") -> None:
    """Opens a window with the panels of a cloud next to each other, and returns when it is closed.

    The keys N and P show the next and the previous cloud. ``open3d`` shows each panel from the same direction and has
    a legend in which parts can be hidden. ``open3d-ml`` is ``open3d.ml.vis.Visualizer`` with a ``LabelLUT`` of names
    and colours, in which parts can be hidden and recoloured, and a list of the clouds instead of the keys. Both need
    Vulkan (since Open3D 0.20). ``plain`` needs only OpenGL and has no legend.

    Args:
        clouds: the clouds, at least one, each with at least one panel.
        names: the names of the parts, by label.
        up_axis: the up axis, 0 to 2 (default: 2).
        window: ``open3d``, ``open3d-ml`` or ``plain`` (default: ``open3d``).

    Raises:
        ConfigError: the window is unknown, or there are no clouds.
        ConcluError: there is no display, or Open3D or Vulkan is missing.
    """
    if window not in WINDOWS:
        raise ConfigError(f"window must be one of {', '.join(WINDOWS)}; got {window!r}.", argument="window", got=window)
    if not clouds or not all(cloud.panels for cloud in clouds):
        raise ConfigError("a window needs at least one cloud with a panel, got none.")
    check_display()
    WINDOWS[window](clouds, names, up_axis)


def check_display() -> None:
    """Checks for a display.

    Raises:
        ConcluError: no window can be opened.
    """
    problem = display_problem()
    if problem:
        raise ConcluError(
            f"cannot open a window: {problem}; connect a display (by `ssh -X`, or `xvfb-run` for a test), {OTHERWISE}."
        )


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


def _open3d_viewer(clouds: Sequence[PageCloud], names: Names, up_axis: int) -> None:
    import_open3d("the window", OTHERWISE)
    check_vulkan()
    _parts_viewer(clouds, names, up_axis).run()


def _parts_viewer(clouds: Sequence[PageCloud], names: Names, up_axis: int) -> Any:
    from conclu_pyg.vis.parts_viewer import PartsViewer  # imports Open3D, which takes seconds

    return PartsViewer(clouds, names, up_axis, SIZE)


def _open3d_ml(clouds: Sequence[PageCloud], names: Names, up_axis: int) -> None:
    table = label_lut(legend([panel for cloud in clouds for panel in cloud.panels], names))
    check_vulkan()
    viewer = _label_viewer(up_axis)
    viewer.set_lut("labels", table)
    shown = [
        {
            "name": f"{cloud.name}/{panel.title}" if len(clouds) > 1 else panel.title,
            "points": panel.pos.astype(np.float32),
            "labels": panel.labels.astype(np.int32),
        }
        for cloud in clouds
        for panel in side_by_side(cloud.panels, up_axis)
    ]
    viewer.visualize(shown, width=SIZE[0], height=SIZE[1])


def _label_viewer(up_axis: int) -> Any:
    from conclu_pyg.vis.label_viewer import LabelViewer  # imports Open3D, which takes seconds

    return LabelViewer(up_axis)


def _plain(clouds: Sequence[PageCloud], names: Names, up_axis: int) -> None:
    open3d = import_open3d("the window", OTHERWISE)
    PlainViewer(open3d, clouds, up_axis, SIZE).run()


def check_vulkan() -> None:
    """Checks for Vulkan: Open3D terminates the process if Vulkan is missing or has no driver.

    Raises:
        ConcluError: it cannot be used.
    """
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


WINDOWS: dict[str, Callable[[Sequence[PageCloud], Names, int], None]] = {
    "open3d": _open3d_viewer,
    "open3d-ml": _open3d_ml,
    "plain": _plain,
}
