"""Rotation matrices against Rodrigues' formula."""

import numpy as np
import pytest

from conclu_pyg.io.rotation import quaternion_to_matrix


def test_quaternions_turn_points_by_their_angle_about_their_axis() -> None:
    rng = np.random.default_rng(0)
    for _ in range(20):
        axis, angle, points = rng.normal(size=3), rng.uniform(-4, 4), rng.normal(size=(5, 3))
        axis /= np.linalg.norm(axis)
        crossed, along = np.cross(np.broadcast_to(axis, points.shape), points), (points @ axis)[:, None] * axis
        expected = points * np.cos(angle) + crossed * np.sin(angle) + along * (1 - np.cos(angle))
        quaternion = rng.uniform(0.6, 1.9) * np.array([np.cos(angle / 2), *(np.sin(angle / 2) * axis)])
        assert np.abs(points @ quaternion_to_matrix(quaternion).T - expected).max() < 1e-14


@pytest.mark.parametrize("length", [0, 0.4, 2.1, np.nan, np.inf])
def test_other_lengths_are_refused(length: float) -> None:
    with pytest.raises(ValueError, match="expected a unit quaternion"):
        quaternion_to_matrix(np.array([length, 0, 0, 0]))
