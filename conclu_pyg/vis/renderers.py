"""Renderers of pictures: Open3D, through EGL if there is no display, and matplotlib."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from conclu_pyg.errors import ConcluError
from conclu_pyg.open3d_library import import_open3d, native_errors, quiet
from conclu_pyg.vis.camera import FIELD_OF_VIEW, View
from conclu_pyg.vis.colors import color_of
from conclu_pyg.vis.figures import make_figure
from conclu_pyg.vis.libraries import import_vis

SUPERSAMPLING = 2  # for smooth edges
MAX_BALLS = 10_000  # points; more are drawn as squares, which are too small to see their corners
SHADE, REACH = 9.0, 2  # strength of the shade at edges, and its width in pixels
NO_EGL = (
    "Open3D can draw neither on a display nor through EGL ({}); install a driver, on Debian and Ubuntu by `apt-get "
    "install libegl1 libgl1-mesa-dri`, or use the renderer 'matplotlib' or an HTML page."
)
OTHERWISE = "or use the renderer 'matplotlib' or an HTML page"


def draw_with_open3d(clouds: Sequence[tuple[View, np.ndarray]], size: int) -> list[np.ndarray]:
    """Draws each cloud in a square of ``size`` pixels, with a shade at the edges of parts in front.

    The shade is that of eye-dome lighting (Boucheny, "Visualisation scientifique de grands volumes de données", 2009):
    a pixel is darkened by its depth behind its neighbours.

    Shapes:
        - **clouds:** a view and labels ``[n]`` each
        - **output:** uint8 ``[size, size, 3]`` each

    Raises:
        ConcluError: Open3D is missing, or it cannot draw here.
    """
    open3d = import_open3d("drawing the picture", OTHERWISE)
    window = open3d.visualization.Visualizer()
    with quiet(open3d), native_errors() as errors:
        opened = window.create_window("conclu_pyg", SUPERSAMPLING * size, SUPERSAMPLING * size, visible=False)
    if not opened:
        raise ConcluError(NO_EGL.format(_last_line(errors) or "no EGL display was found"))
    try:
        return [_draw(open3d, window, view, labels, SUPERSAMPLING * size) for view, labels in clouds]
    finally:
        window.destroy_window()


def _draw(open3d: Any, window: Any, view: View, labels: np.ndarray, pixels: int) -> np.ndarray:
    make = _balls if len(labels) <= MAX_BALLS else _squares
    window.clear_geometries()
    window.add_geometry(make(open3d, view, color_of(labels) / 255))
    option = window.get_render_option()
    option.background_color, option.light_on = np.ones(3), False  # exact colours
    option.point_size = max(1.0, view.point_width() * pixels)
    window.get_view_control().convert_from_pinhole_camera_parameters(_camera(open3d, view, pixels), True)
    window.poll_events()
    window.update_renderer()
    image = np.asarray(window.capture_screen_float_buffer(True))
    depth = np.asarray(window.capture_depth_float_buffer(True))
    shaded = image * _shade(depth)[..., None]
    blocks = shaded.reshape(pixels // SUPERSAMPLING, SUPERSAMPLING, pixels // SUPERSAMPLING, SUPERSAMPLING, 3)
    return (255 * blocks.mean(axis=(1, 3))).round().astype(np.uint8)


def _balls(open3d: Any, view: View, colors: np.ndarray) -> Any:
    """Returns a mesh with a small ball at each point."""
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
    """Returns a cloud, drawn as squares of the point size of the window."""
    cloud = open3d.geometry.PointCloud(open3d.utility.Vector3dVector(view.points))
    cloud.colors = open3d.utility.Vector3dVector(colors)
    return cloud


def _camera(open3d: Any, view: View, pixels: int) -> Any:
    """Returns the camera in Open3D's convention: x to the right, y down, z away from the camera."""
    camera = open3d.camera.PinholeCameraParameters()
    focal, middle = pixels / 2 / np.tan(FIELD_OF_VIEW / 2), pixels / 2 - 0.5
    camera.intrinsic = open3d.camera.PinholeCameraIntrinsic(pixels, pixels, focal, focal, middle, middle)
    extrinsic = np.diag([1.0, -1.0, -1.0, 1.0])
    extrinsic[2, 3] = view.distance
    camera.extrinsic = extrinsic
    return camera


def _shade(depth: np.ndarray) -> np.ndarray:
    """Returns the brightness of each pixel, 1 if no pixel near it is in front of it; depth 0 is the background."""
    away = np.where(depth > 0, depth, np.inf)
    behind = np.zeros_like(depth)
    for axis in (0, 1):
        for step in (-REACH * SUPERSAMPLING, REACH * SUPERSAMPLING):
            with np.errstate(invalid="ignore"):  # between two background pixels
                difference = np.nan_to_num(away - np.roll(away, step, axis), nan=0.0, posinf=0.0, neginf=0.0)
            behind += np.clip(difference, 0, 0.1)
    return np.maximum(np.exp(-SHADE * behind), 0.45)


def draw_with_matplotlib(clouds: Sequence[tuple[View, np.ndarray]], size: int) -> list[np.ndarray]:
    """Draws each cloud in a square of ``size`` pixels, near points over far ones, without shading.

    Shapes:
        - **clouds:** a view and labels ``[n]`` each
        - **output:** uint8 ``[size, size, 3]`` each
    """
    backend = import_vis("matplotlib.backends.backend_agg", "drawing a picture")
    images = []
    for view, labels in clouds:
        figure = make_figure(figsize=(1, 1), dpi=size)
        canvas = backend.FigureCanvasAgg(figure)
        axis = figure.add_axes((0, 0, 1, 1))
        axis.set_axis_off()
        axis.set_xlim(-1, 1)
        axis.set_ylim(-1, 1)
        order = np.argsort(view.points[:, 2], kind="stable")  # far points first
        x, y = view.project()[order].T
        width = 72 * view.point_width()  # in points; the frame is an inch wide
        axis.scatter(x, y, s=width**2, c=color_of(labels[order]) / 255, linewidths=0)
        canvas.draw()
        images.append(np.asarray(canvas.buffer_rgba())[..., :3].copy())
    return images


def _last_line(lines: Sequence[str]) -> str:
    told = [" ".join(line.split()) for line in lines if line.strip() and "XDG_RUNTIME_DIR" not in line]
    return told[-1][:200].rstrip(".") if told else ""
