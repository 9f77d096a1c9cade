"""Clouds as binary PLY files."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from conclu_pyg.errors import DataError
from conclu_pyg.files import atomic_write

BLOCK = 1 << 20  # points that are written at once
TYPES = {
    "i1": "char", "u1": "uchar", "i2": "short", "u2": "ushort", "i4": "int", "u4": "uint", "f4": "float",
    "f8": "double",
}  # fmt: skip
COLORS, NORMALS = ("red", "green", "blue", "alpha"), ("nx", "ny", "nz")


def write_ply(
    path: Path,
    points: np.ndarray,
    offset: np.ndarray | None = None,
    x: Mapping[str, np.ndarray] | None = None,
    labels: np.ndarray | None = None,
    comments: Sequence[str] = (),
) -> None:
    """Writes a cloud, binary little endian. The file is replaced atomically.

    Args:
        path: the file.
        points: the points, written in double precision if float32 does not hold them.
        offset: is added to every point, in double precision (default: none).
        x: attributes of the points by name: ``colors`` become ``red``, ``green``, ``blue`` and ``alpha``, ``normals``
            become ``nx``, ``ny`` and ``nz``, others properties of their names (default: none).
        labels: an integer for each point, the property ``label`` (default: none).
        comments: lines of the header (default: none).

    Shapes:
        - **points:** ``[n, 3]``, **offset:** float64 ``[3]``, **x:** ``[n]`` or ``[n, k]`` each, **labels:** ``[n]``

    Raises:
        DataError: PLY has no type for an attribute or a label.
        OSError: the file cannot be written.
    """
    is_single = offset is None and (points.dtype == np.float32 or np.array_equal(points.astype(np.float32), points))
    attributes = [*([] if labels is None else [("label", labels)]), *(x or {}).items()]
    columns = dict(name_columns(attributes, r"\W", ("x", "y", "z")))
    types = [(axis, "<f4" if is_single else "<f8") for axis in "xyz"]
    types += [(name, _type(name, values, path)) for name, values in columns.items()]
    header = ["ply", "format binary_little_endian 1.0", *(f"comment {line}" for line in comments)]
    header += [f"element vertex {len(points)}"]
    header += [*(f"property {TYPES[kind[1:]]} {name}" for name, kind in types), "end_header"]
    with atomic_write(path) as file:
        file.write("".join(f"{line}\n" for line in header).encode("ascii"))
        for start in range(0, len(points), BLOCK):
            rows = slice(start, start + BLOCK)
            moved = points[rows] if offset is None else points[rows] + offset
            vertices = np.empty(len(moved), types)
            for axis, name in enumerate("xyz"):
                vertices[name] = moved[:, axis]
            for name, values in columns.items():
                vertices[name] = values[rows]
            file.write(vertices.tobytes())


def name_columns(
    attributes: Iterable[tuple[str, np.ndarray]],
    forbidden: str,
    taken: Iterable[str],
    normals: Sequence[str] = NORMALS,
) -> Iterator[tuple[str, np.ndarray]]:
    """Yields attributes as columns with different names, colours and normals first: ``[n, k]`` becomes ``k`` columns.

    Args:
        attributes: their names and values.
        forbidden: a regular expression of the characters that become ``_`` in names.
        taken: names of other columns.
        normals: the names of the columns of ``normals``.

    Shapes:
        - **attributes:** ``[n]`` or ``[n, k]`` each
    """
    used = {*taken}
    known = {"colors": COLORS, "normals": normals}
    for key, values in sorted(attributes, key=lambda item: [*known, item[0]].index(item[0])):
        columns = [values] if values.ndim == 1 else [*values.reshape(len(values), -1).T]
        names = [key] if values.ndim == 1 else [f"{key}_{index}" for index in range(len(columns))]
        if values.ndim == 2 and len(columns) in (3, len(known.get(key, ()))):
            names = [*known.get(key, names)]
        for name, column in zip(names, columns, strict=False):
            unique = re.sub(forbidden, "_", name, flags=re.ASCII) or "_"
            while unique in used:
                unique += "_"
            used.add(unique)
            yield unique, column


def _type(name: str, values: np.ndarray, path: Path) -> str:
    """Returns the type of PLY that holds all values."""
    kind = "u1" if values.dtype.kind == "b" else "f4" if values.dtype == np.float16 else values.dtype.str[1:]
    if values.dtype.kind in "iu" and values.dtype.itemsize == 8:
        low, high = (int(values.min()), int(values.max())) if len(values) else (0, 0)
        ranges = {"i4": (-(2**31), 2**31), "u4": (0, 2**32), "f8": (-(2**53), 2**53)}
        kind = next((each for each, (least, end) in ranges.items() if least <= low and high < end), "")
    if kind not in TYPES:
        raise DataError(
            f"{path}: PLY has no type for {name!r} of {values.dtype}; write an .npz file or leave it out.",
            file=path,
            argument=name,
            got=values.dtype,
        )
    return f"<{kind}"
