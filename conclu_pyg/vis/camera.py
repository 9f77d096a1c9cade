"""The camera of pictures: at the side and slightly above, with the whole cloud in the frame."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

AZIMUTH, ELEVATION = np.radians(-55), np.radians(22)
FIELD_OF_VIEW = np.radians(20)  # narrow, for little perspective
FRAME_FILL = 0.92  # share of the frame that the cloud fills
SPACING = 1.7  # width of a point / distance to the next point


@dataclass(frozen=True)
class View:
    """Points in the coordinates of a camera.

    Args:
        points: right, up and towards the camera, relative to the centre of the frame.
        distance: from the camera to the origin of ``points``.

    Shapes:
        - **points:** float64 ``[n, 3]``
    """

    points: np.ndarray
    distance: float

    def project(self) -> np.ndarray:
        """Returns the positions of the points in the frame, right and up, from -1 to 1.

        Shapes:
            - **output:** ``[n, 2]``
        """
        away = self.distance - self.points[:, 2:]
        return self.points[:, :2] / (away * np.tan(FIELD_OF_VIEW / 2))

    def point_width(self) -> float:
        """Returns the width at which neighbouring points touch, as a share of the frame, from their density."""
        bins = np.clip(((self.project() + 1) * 24).astype(int), 0, 47)
        covered = len(np.unique(bins[:, 0] * 48 + bins[:, 1])) / 48**2
        return float(np.clip(SPACING * np.sqrt(covered / len(self.points)), 1 / 400, 1 / 40))


def fit_camera(pos: np.ndarray, up_axis: int) -> View:
    """Places the camera at the side of a cloud, 22 degrees above the horizon, as close as the frame allows.

    Args:
        pos: the points, in any unit.
        up_axis: the up axis, 0 to 2.

    Shapes:
        - **pos:** ``[n, 3]``
    """
    points = pos.astype(np.float64) @ camera_axes(up_axis).T
    low, high = points.min(axis=0), points.max(axis=0)
    points -= (low + high) / 2
    points /= max(float((high - low).max()), np.finfo(np.float64).tiny)
    # The smallest distance at which all points are in the frame: |x|, |y| <= FRAME_FILL * tan * (distance - z).
    reach = np.abs(points[:, :2]).max(axis=1) / (FRAME_FILL * np.tan(FIELD_OF_VIEW / 2))
    return View(points, float(max((reach + points[:, 2]).max(), points[:, 2].max() + 0.5)))


def camera_axes(up_axis: int) -> np.ndarray:
    """Returns the directions right, up and towards the camera in the coordinates of the cloud, one per row.

    Shapes:
        - **output:** float64 ``[3, 3]``, orthonormal
    """
    sin, cos, low, high = np.sin(AZIMUTH), np.cos(AZIMUTH), np.sin(ELEVATION), np.cos(ELEVATION)
    axes = np.array([[cos, sin, 0], [-low * sin, low * cos, high], [high * sin, -high * cos, low]])  # for z up
    return np.roll(axes, up_axis + 1, axis=1)
