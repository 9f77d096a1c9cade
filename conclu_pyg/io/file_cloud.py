"""What a file says about a cloud, before checks and repairs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

EXTRA_COLUMNS = "columns after the third were ignored"
NO_FACES = "a mesh without faces: its vertices were used as the points"


@dataclass(frozen=True)
class FileCloud:
    """A cloud or mesh as its file holds it: the output of the readers of all formats.

    Args:
        points: the coordinates in any number type, unchecked; of a mesh its vertices.
        triangles: the corners of the triangles of a mesh, as indices into ``points`` that were checked by the reader
            (default: a cloud).
        x: attributes of the points by name: ``colors``, ``normals``, ``intensity`` and others (default: none).
        labels: an integer for each point, such as its part or class (default: none).
        name: the cloud's own name in a file of several (default: it has a number).
        cad: properties of a CAD model by name (default: none).
        notes: repairs and what was ignored, for the user's information.

    Shapes:
        - **points:** ``[n, 3]``, **triangles:** int64 ``[t, 3]``, **x:** ``[n]`` or ``[n, k]`` each, **labels:** int64
          ``[n]``
    """

    points: np.ndarray
    triangles: np.ndarray | None = None
    x: Mapping[str, np.ndarray] = field(default_factory=dict)
    labels: np.ndarray | None = None
    name: str = ""
    cad: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
