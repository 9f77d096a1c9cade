"""How the clouds of a picture are drawn: by Open3D, without a display through EGL, or by matplotlib."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from conclu_pyg.errors import ConcluError
from conclu_pyg.open3d_library import import_open3d, native_errors, quiet
from conclu_pyg.vis.camera import FIELD_OF_VIEW, View
from conclu_pyg.vis.colors import color_of

FINER = 2  # drawn so many times as large and averaged: edges without steps
MAX_BALLS = 10_000  # points; more are drawn as squares, so small that nobody sees their corners
SHADE, REACH = 9.0, 2  # how dark the edges of what lies in front are, and how far their shadow falls, in pixels
NO_EGL = (
    "Open3D found neither a display nor EGL to draw without one ({}); install a driver, on Debian and Ubuntu by "
    "`apt-get install libegl1 libgl1-mesa-dri`, or take the renderer 'matplotlib' or an HTML page."
)
OTHERWISE = "or take the renderer 'matplotlib' or an HTML page"


def draw_with_open3d(clouds: Sequence[tuple[View, np.ndarray]], size: int) -> list[np.ndarray]:
    """Draws each cloud in a square of ``size`` pixels; what lies in front is set off by a shade at its edge.

    The shade is that of eye-dome lighting (Boucheny, "Visualisation scientifique de grands volumes de données", 2009):
    a pixel is darkened by how far it lies behind its neighbours.

    Shapes:
        - **clouds:** a view and labels ``[n]`` each
        - **output:** uint8 ``[size, size, 3]`` each

    Raises:
        ConcluError: Open3D is missing, or there is no way to draw.
    """
    open3d = import_open3d("drawing the picture", OTHERWISE)
    window = open3d.visualization.Visualizer()
    with quiet(open3d), native_errors() as errors:
        opened = window.create_window("conclu_pyg", FINER * size, FINER * size, visible=False)
    if not opened:
        raise ConcluError(NO_EGL.format(_last_line(errors) or "no EGL display was found"))
    try:
        return [_draw(open3d, window, view, labels, FINER * size) for view, labels in clouds]
    finally:
        window.destroy_window()


def _draw(open3d: Any, window: Any, view: View, labels: np.ndarray, pixels: int) -> np.ndarray:
    make = _balls if len(labels) <= MAX_BALLS else _squares
    window.clear_geometries()
    window.add_geometry(make(open3d, view, color_of(labels) / 255))
    option = window.get_render_option()
    option.background_color, option.light_on = np.ones(3), False  # colours as they are given
    option.point_size = max(1.0, view.point_width() * pixels)
    window.get_view_control().convert_from_pinhole_camera_parameters(_camera(open3d, view, pixels), True)
    window.poll_events()
    window.update_renderer()
    image = np.asarray(window.capture_screen_float_buffer(True))
    depth = np.asarray(window.capture_depth_float_buffer(True))
    shaded = image * _shade(depth)[..., None]
    blocks = shaded.reshape(pixels // FINER, FINER, pixels // FINER, FINER, 3)
    return (255 * blocks.mean(axis=(1, 3))).round().astype(np.uint8)


def _balls(open3d: Any, view: View, colors: np.ndarray) -> Any:
    """A small ball at each point, as one mesh."""
    radius = view.point_width() * view.distance * np.tan(FIELD_OF_VIEW / 2)
    ball = open3d.geometry.TriangleMesh.create_sphere(radius, resolution=5)
    corners, triangles = np.asarray(ball.vertices), np.asarray(ball.triangles)  # (c, 3), (t, 3)
    n, c = len(colors), len(corners)
    vertices = (view.points[:, None] + corners).reshape(-1, 3)
    faces = (np.arange(n)[:, None, None] * c + triangles).reshape(-1, 3)
    mesh = open3d.geometry.TriangleMesh(open3d.utility.Vector3dVector(vertices), open3d.utility.Vector3iVector(faces))
    mesh.vertex_colors = open3d.utility.Vector3dVector(np.repeat(colors, c, axis=0))
    return mesh


def _squares(open3d: Any, view: View, colors: np.ndarray) -> Any:
    """A square for each point, as wide as the window's option says."""
    cloud = open3d.geometry.PointCloud(open3d.utility.Vector3dVector(view.points))
    cloud.colors = open3d.utility.Vector3dVector(colors)
    return cloud


def _camera(open3d: Any, view: View, pixels: int) -> Any:
    """Open3D's camera: x to the right, y down, z away from it."""
    camera = open3d.camera.PinholeCameraParameters()
    focal, middle = pixels / 2 / np.tan(FIELD_OF_VIEW / 2), pixels / 2 - 0.5
    camera.intrinsic = open3d.camera.PinholeCameraIntrinsic(pixels, pixels, focal, focal, middle, middle)
    extrinsic = np.diag([1.0, -1.0, -1.0, 1.0])
    extrinsic[2, 3] = view.distance
    camera.extrinsic = extrinsic
    return camera


def _shade(depth: np.ndarray) -> np.ndarray:
    """How much of its light each pixel keeps, 1 where nothing near it lies in front; depth 0 is the background."""
    away = np.where(depth > 0, depth, np.inf)
    behind = np.zeros_like(depth)
    for axis in (0, 1):
        for step in (-REACH * FINER, REACH * FINER):
            with np.errstate(invalid="ignore"):  # background beside background
                difference = np.nan_to_num(away - np.roll(away, step, axis), nan=0.0, posinf=0.0, neginf=0.0)
            behind += np.clip(difference, 0, 0.1)
    return np.maximum(np.exp(-SHADE * behind), 0.45)


def draw_with_matplotlib(clouds: Sequence[tuple[View, np.ndarray]], size: int) -> list[np.ndarray]:
    """Draws each cloud in a square of ``size`` pixels, near points over far ones, without a shade.

    Shapes:
        - **clouds:** a view and labels ``[n]`` each
        - **output:** uint8 ``[size, size, 3]`` each
    """
    images = []
    for view, labels in clouds:
        figure = Figure(figsize=(1, 1), dpi=size)
        canvas = FigureCanvasAgg(figure)
        axis = figure.add_axes((0, 0, 1, 1))
        axis.set_axis_off()
        axis.set_xlim(-1, 1)
        axis.set_ylim(-1, 1)
        order = np.argsort(view.points[:, 2], kind="stable")  # far points first
        x, y = view.project()[order].T
        width = 72 * view.point_width()  # of the frame's inch, in points
        axis.scatter(x, y, s=width**2, c=color_of(labels[order]) / 255, linewidths=0)
        canvas.draw()
        images.append(np.asarray(canvas.buffer_rgba())[..., :3].copy())
    return images


def _last_line(lines: Sequence[str]) -> str:
    told = [" ".join(line.split()) for line in lines if line.strip() and "XDG_RUNTIME_DIR" not in line]
    return told[-1][:200].rstrip(".") if told else ""
