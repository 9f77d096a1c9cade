"""From where a cloud is looked at: from the side and slightly above, all of it in the frame."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

AZIMUTH, ELEVATION = np.radians(-55), np.radians(22)
FIELD_OF_VIEW = np.radians(20)  # narrow, so that far parts are only a little smaller
FILLED = 0.92  # of the frame, by the cloud
SPACING = 1.7  # of the width of a point to the distance to the next


@dataclass(frozen=True)
class View:
    """Points as a camera sees them, which looks along its own third axis.

    Args:
        points: right, up and towards the camera, around the middle of the frame; the cloud fits the frame.
        distance: of the camera from the origin of ``points``.

    Shapes:
        - **points:** float64 ``[n, 3]``
    """

    points: np.ndarray
    distance: float

    def project(self) -> np.ndarray:
        """Where the points are in the frame, from -1 to 1 to the right and up.

        Shapes:
            - **output:** ``[n, 2]``
        """
        away = self.distance - self.points[:, 2:]
        return self.points[:, :2] / (away * np.tan(FIELD_OF_VIEW / 2))

    def point_width(self) -> float:
        """How wide to draw a point, as a share of the frame, so that neighbours touch: by their number in the area."""
        bins = np.clip(((self.project() + 1) * 24).astype(int), 0, 47)
        covered = len(np.unique(bins[:, 0] * 48 + bins[:, 1])) / 48**2
        return float(np.clip(SPACING * np.sqrt(covered / len(self.points)), 1 / 400, 1 / 40))


def look(pos: np.ndarray, up_axis: int) -> View:
    """Looks at a cloud from the side and 22 degrees above the horizon.

    Args:
        pos: where the points are; the unit does not matter.
        up_axis: which coordinate points up, 0 to 2.

    Shapes:
        - **pos:** ``[n, 3]``
    """
    points = pos.astype(np.float64) @ camera_axes(up_axis).T
    low, high = points.min(axis=0), points.max(axis=0)
    points -= (low + high) / 2
    points /= max(float((high - low).max()), np.finfo(np.float64).tiny)
    # As near as every point lets the camera come: |x| <= FILLED * tan * (distance - z), and the same of y.
    reach = np.abs(points[:, :2]).max(axis=1) / (FILLED * np.tan(FIELD_OF_VIEW / 2))
    return View(points, float(max((reach + points[:, 2]).max(), points[:, 2].max() + 0.5)))


def camera_axes(up_axis: int) -> np.ndarray:
    """The camera's directions in the coordinates of the cloud: right, up and towards the camera, a row each.

    Shapes:
        - **output:** float64 ``[3, 3]``, orthonormal
    """
    sin, cos, low, high = np.sin(AZIMUTH), np.cos(AZIMUTH), np.sin(ELEVATION), np.cos(ELEVATION)
    axes = np.array([[cos, sin, 0], [-low * sin, low * cos, high], [high * sin, -high * cos, low]])  # z is up
    return np.roll(axes, up_axis + 1, axis=1)
