"""The content of a file of clouds, before checks and repairs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

EXTRA_COLUMNS = "columns after the third were ignored"
NO_FACES = "a mesh without faces: its vertices were used as the points"


def stack_columns(columns: Sequence[np.ndarray]) -> np.ndarray:
    """Returns columns next to each other, in a number type that holds all of them. Columns that are next to each other
    in one array already, as those of a table, are not copied.

    Shapes:
        - **columns:** ``[n]`` each, **output:** ``[n, k]``
    """
    table = columns[0].base
    if isinstance(table, np.ndarray) and table.ndim == 2 and all(column.base is table for column in columns):
        first = (columns[0].ctypes.data - table.ctypes.data) // table.itemsize
        view = table[:, first : first + len(columns)]
        if view.shape == (len(columns[0]), len(columns)) and all(
            view[:1, index].ctypes.data == column.ctypes.data and view.strides[0] == column.strides[0]
            for index, column in enumerate(columns)
        ):
            return view
    stacked = np.empty((len(columns[0]), len(columns)), np.result_type(*columns))
    for index, column in enumerate(columns):
        stacked[:, index] = column
    return stacked


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
