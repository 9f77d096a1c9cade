"""The camera: handedness, up axis and framing."""

import numpy as np
import pytest

from conclu_pyg.vis.camera import FRAME_FILL, camera_axes, fit_camera


@pytest.mark.parametrize("up_axis", [0, 1, 2])
def test_axes_are_orthonormal_and_up_is_up(up_axis: int) -> None:
    axes = camera_axes(up_axis)
    assert np.allclose(axes @ axes.T, np.eye(3)) and np.linalg.det(axes) == pytest.approx(1)
    up = axes[:, up_axis]
    assert up[0] == pytest.approx(0) and up[1] > 0.9 and up[2] > 0.3  # seen from slightly above


@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e6])
@pytest.mark.parametrize("shape", [(1, 1, 1), (1, 0, 0), (0.01, 5, 1)])
def test_the_cloud_fills_the_frame_and_stays_in_it(scale: float, shape: tuple[float, ...]) -> None:
    pos = np.random.default_rng(0).uniform(-1, 1, (500, 3)) * shape * scale + 3 * scale
    x, y = fit_camera(pos, 2).project().T
    assert max(np.abs(x).max(), np.abs(y).max()) == pytest.approx(FRAME_FILL, abs=0.12)
    assert max(np.abs(x).max(), np.abs(y).max()) <= FRAME_FILL + 1e-9


def test_more_points_are_drawn_smaller() -> None:
    rng = np.random.default_rng(0)
    widths = [fit_camera(rng.normal(size=(n, 3)), 2).point_width() for n in (300, 3000, 30000)]
    assert widths[0] > widths[1] > widths[2]


def test_a_single_place_can_be_looked_at() -> None:
    view = fit_camera(np.ones((4, 3)), 2)
    assert np.isfinite(view.project()).all() and view.distance > 0
