"""Rotations of poses and nodes."""

from __future__ import annotations

import numpy as np


def quaternion_to_matrix(quaternion: np.ndarray) -> np.ndarray:
    """Returns the rotation matrix of a quaternion, which is scaled to length 1.

    Args:
        quaternion: the components w, x, y and z.

    Raises:
        ValueError: its length is not between 0.5 and 2, so that it is no unit quaternion with rounding errors.

    Shapes:
        - **quaternion:** ``[4]``
        - **output:** float64 ``[3, 3]``, for column vectors
    """
    norm = float(np.linalg.norm(quaternion))
    if not 0.5 < norm < 2:
        raise ValueError(f"expected a unit quaternion, got one of length {norm:g}")
    w, x, y, z = np.asarray(quaternion, np.float64) / norm
    return np.array(
        [
            [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
            [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
            [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
        ]
    )
