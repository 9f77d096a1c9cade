"""glTF 2.0 meshes and clouds, ``.gltf`` and ``.glb``.

The meshes of all nodes of the default scene are one mesh, each at the place of its node. trimesh 5.2.0 ignores sparse
accessors, leaves out fans, and reads zeros for points that the file lacks; Open3D 0.20 drops vertices that no triangle
uses. Specification: Khronos Group, "glTF 2.0", 2021, sections 3.5 to 3.7.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from conclu_pyg.errors import one_line
from conclu_pyg.io.column_names import group_attributes
from conclu_pyg.io.file_cloud import NO_FACES, FileCloud
from conclu_pyg.io.gltf_file import EXPORT_HINT, GltfFile
from conclu_pyg.io.rotation import quaternion_to_matrix
from conclu_pyg.text import pluralize

POINTS, TRIANGLES, STRIP, FAN = 0, 4, 5, 6
MODES = range(7)
MAX_PRIMITIVES = 100_000  # each counted as often as a node shows it
# Extensions that a file may require because they do not concern the places of points.
HARMLESS = re.compile(
    r"KHR_(materials|texture|lights|xmp|animation)_\w+|(EXT|MSFT)_texture_\w+|EXT_lights_\w+|KHR_(xmp|mesh_quantization)"
)
DRACO, INSTANCING = "KHR_draco_mesh_compression", "EXT_mesh_gpu_instancing"


class Primitive(NamedTuple):
    """A part of a mesh at the place of its node.

    Attributes:
        points: the vertices.
        matrix: the transform to the scene, or ``None`` for the identity.
        mode: the kind of elements.
        indices: the vertices of the elements, or ``None`` for all in order.
        attributes: the numbers of the accessors by name.

    Shapes:
        - **points:** ``[n, 3]``, **matrix:** ``[4, 4]``, **indices:** ``[k]``
    """

    points: np.ndarray
    matrix: np.ndarray | None
    mode: int
    indices: np.ndarray | None
    attributes: dict[str, Any]

    def place(self) -> np.ndarray:
        """Returns the points in the scene: as they are, or float64 if they are moved."""
        if self.matrix is None:
            return self.points
        return self.points.astype(np.float64) @ self.matrix[:3, :3].T + self.matrix[:3, 3]


def read(path: Path, max_points: int) -> Iterator[FileCloud]:
    """Yields the mesh of the default scene, or its points if there are no triangles.

    Coordinates are in the unit and axes of the file: metres and y up by the specification. Buffers are read from the
    file itself and from its folder.

    Args:
        path: the file.
        max_points: the largest number of vertices.

    Raises:
        DataError: the file is inconsistent, needs an extension that changes points, or has too many points or none.
    """
    yield read_gltf(GltfFile(path, max_points))


def read_gltf(file: GltfFile) -> FileCloud:
    """Returns the mesh or points of an open file (see :func:`read`)."""
    try:
        with np.errstate(over="ignore", invalid="ignore"):  # points that are not finite are removed later
            return _read_scene(file)
    except (TypeError, ValueError, LookupError, AttributeError, OverflowError) as error:  # of JSON of another structure
        file.refuse(f"expected the structure of glTF 2.0 ({one_line(error):.200})")


def _read_scene(file: GltfFile) -> FileCloud:
    notes: list[str] = []
    _check_extensions(file)
    primitives = _read_primitives(file, notes)
    triangles = [part for part in primitives if part.mode in (TRIANGLES, STRIP, FAN)]
    points = [part for part in primitives if part.mode == POINTS]
    lines = [part for part in primitives if part.mode not in (POINTS, TRIANGLES, STRIP, FAN)]
    if triangles:
        for name, parts in (("points", points), ("lines", lines)):
            if parts:
                notes.append(f"{pluralize(len(parts), 'group')} of {name} of a mesh were ignored")
        return _as_mesh(file, triangles, notes)
    if points:
        notes += [f"{pluralize(len(lines), 'group')} of lines were ignored"] if lines else []
        return _as_cloud(file, points, notes)
    if not lines:
        file.refuse("expected a mesh in its scene, got none")
    return FileCloud(_join([part.place() for part in lines]), notes=(NO_FACES, *notes))


def _check_extensions(file: GltfFile) -> None:
    used, required = file.parts("extensionsUsed"), file.parts("extensionsRequired")
    unknown = [name for name in required if not isinstance(name, str) or not HARMLESS.fullmatch(name)]
    unknown += [INSTANCING] if INSTANCING in used else []
    if unknown:
        file.refuse(f"it needs the extension {unknown[0]!r:.60}, which is not supported", EXPORT_HINT)


def _read_primitives(file: GltfFile, notes: list[str]) -> list[Primitive]:
    primitives: list[Primitive] = []
    total, elements, placed, notable = 0, 0, 0, set()
    vertices, corners = _Cache(), _Cache()  # of meshes that several nodes show
    for node, matrix in _placed_nodes(file, notes):
        if "mesh" not in node:
            continue
        if "skin" in node:  # its joints take the place of the node's transform
            matrix = None
            notable.add("skins were ignored")
        mesh = file.part("meshes", node["mesh"])
        if any(node.get("weights") or mesh.get("weights") or []):
            notable.add("morph targets were ignored")
        parts = mesh.get("primitives")
        if not isinstance(parts, list) or not parts:
            file.refuse("expected a list of primitives in a mesh")
        placed += len(parts)
        if placed > MAX_PRIMITIVES:
            file.refuse(f"its nodes show more than the maximum of {MAX_PRIMITIVES:,} primitives", "simplify it first")
        for part in parts:
            if not isinstance(part, dict) or not isinstance(part.get("attributes"), dict):
                file.refuse("expected attributes in a primitive of a mesh")
            attributes, mode = part["attributes"], part.get("mode", TRIANGLES)
            if mode not in MODES or isinstance(mode, bool | float):
                file.refuse(f"expected a mode of 0 to 6, got {mode!r:.40}")
            if "POSITION" not in attributes:
                continue
            if DRACO in (part.get("extensions") or ()) and "bufferView" not in file.part(
                "accessors", attributes["POSITION"]
            ):
                file.refuse(f"it is compressed by {DRACO}, which is not supported", EXPORT_HINT)
            points = vertices.find(attributes["POSITION"], lambda index: _as_numbers(*file.accessor(index, ("VEC3",))))
            indices = None
            if "indices" in part:
                indices = corners.find(part["indices"], lambda index: file.accessor(index, ("SCALAR",))[0][:, 0])
                if indices.dtype.kind != "u":
                    file.refuse(f"expected unsigned indices, got {indices.dtype}")
                if indices.max() >= len(points):
                    file.refuse(f"the vertices of its faces must be 0 to {len(points) - 1}, got {indices.max()}")
            size = len(points) if indices is None else len(indices)
            if mode == TRIANGLES and size % 3:
                file.refuse(f"expected three indices for each triangle, got {size:,}")
            total, elements = total + len(points), elements + size
            if max(total, elements // 6) > file.max_points:
                file.refuse(f"it has more than the maximum of {file.max_points:,} points", "subsample it first")
            primitives.append(Primitive(points, matrix, mode, indices, attributes))
    notes += sorted(notable)
    return primitives


class _Cache(dict[int, np.ndarray]):
    """Arrays of accessors by their number."""

    def find(self, index: Any, read_it: Callable[[Any], np.ndarray]) -> np.ndarray:
        if not isinstance(index, int) or index not in self:
            self[index] = read_it(index)
        return self[index]


def _as_numbers(values: np.ndarray, normalized: bool) -> np.ndarray:
    """Returns normalised integers as numbers of -1 to 1, and others as they are."""
    if not normalized:
        return values
    return np.maximum(values / np.iinfo(values.dtype).max, -1)


def _placed_nodes(file: GltfFile, notes: list[str]) -> Iterator[tuple[dict[str, Any], np.ndarray | None]]:
    """Yields the nodes of the default scene, each before its children, and their transforms to the scene."""
    scenes = file.parts("scenes")
    nodes = file.parts("nodes")
    if scenes:
        if len(scenes) > 1:
            notes.append(f"{pluralize(len(scenes) - 1, 'other scene')} of the file ignored")
        roots = file.part("scenes", file.json.get("scene", 0)).get("nodes", [])
    elif nodes:
        children = {child for node in nodes if isinstance(node, dict) for child in _children(file, node)}
        roots = [index for index in range(len(nodes)) if index not in children]
    else:  # a library of meshes
        yield from (({"mesh": index}, None) for index in range(len(file.parts("meshes"))))
        return
    if not isinstance(roots, list):
        file.refuse("expected a list of nodes in a scene")
    seen: set[int] = set()
    stack: list[tuple[Any, np.ndarray | None]] = [(index, None) for index in reversed(roots)]
    while stack:
        index, above = stack.pop()
        node = file.part("nodes", index)
        if index in seen:
            file.refuse(f"node {index} has several parents, or is below itself")
        seen.add(index)
        own = _transform(file, node)
        matrix = above if own is None else own if above is None else above @ own
        yield node, matrix
        stack += [(child, matrix) for child in reversed(_children(file, node))]


def _children(file: GltfFile, node: dict[str, Any]) -> list[int]:
    children = node.get("children", [])
    if not isinstance(children, list) or not all(isinstance(child, int) for child in children):
        file.refuse("expected a list of numbers as the children of a node")
    return children


def _transform(file: GltfFile, node: dict[str, Any]) -> np.ndarray | None:
    """Returns the transform of a node, ``[4, 4]``, or ``None`` for the identity."""
    sizes = {"matrix": 16, "translation": 3, "rotation": 4, "scale": 3}
    values = {}
    for key, size in sizes.items():
        if key in node:
            try:
                value = np.array(node[key], dtype=np.float64)
            except (TypeError, ValueError, OverflowError):
                value = np.empty(0)
            if value.shape != (size,) or not np.isfinite(value).all():
                file.refuse(f"expected {size} numbers as the {key} of a node")
            values[key] = value
    matrix = np.eye(4)
    if "matrix" in values:
        matrix = values["matrix"].reshape(4, 4).T
        if not np.array_equal(matrix[3], [0, 0, 0, 1]):
            file.refuse("expected 0, 0, 0, 1 as the last row of the matrix of a node")
    if "rotation" in values:
        try:
            matrix[:3, :3] = quaternion_to_matrix(np.roll(values["rotation"], 1))  # from x, y, z, w
        except ValueError:
            file.refuse("expected a unit quaternion as the rotation of a node")
    if "scale" in values:
        matrix[:3, :3] = matrix[:3, :3] * values["scale"]
    if "translation" in values:
        matrix[:3, 3] = values["translation"]
    return None if np.array_equal(matrix, np.eye(4)) else matrix


def _as_mesh(file: GltfFile, primitives: list[Primitive], notes: list[str]) -> FileCloud:
    first, triangles = 0, []
    for part in primitives:
        size = len(part.points)
        corners = np.arange(size) if part.indices is None else part.indices.astype(np.int64)
        if part.mode == TRIANGLES:
            found = corners.reshape(-1, 3)
        elif part.mode == STRIP:
            found = np.stack([corners[:-2], corners[1:-1], corners[2:]], axis=1)
        else:
            found = np.stack([np.broadcast_to(corners[:1], len(corners[2:])), corners[1:-1], corners[2:]], axis=1)
        triangles.append(found + first)
        first += size
    return FileCloud(_join([part.place() for part in primitives]), np.concatenate(triangles), notes=tuple(notes))


def _as_cloud(file: GltfFile, primitives: list[Primitive], notes: list[str]) -> FileCloud:
    rows = [slice(None) if part.indices is None else part.indices for part in primitives]
    points = _join([part.place()[each] for part, each in zip(primitives, rows, strict=True)])
    all_names = dict.fromkeys(name for part in primitives for name in part.attributes)
    names = [name for name in all_names if name in ("COLOR_0", "NORMAL") or name.startswith("_")]
    x: dict[str, np.ndarray] = {}
    others: dict[str, np.ndarray] = {}
    for name in names:
        if not all(name in part.attributes for part in primitives):
            notes.append(f"{name!r:.40} was ignored, because some parts have none")
            continue
        kinds = {"COLOR_0": ("VEC3", "VEC4"), "NORMAL": ("VEC3",)}.get(name, ("SCALAR", "VEC2", "VEC3", "VEC4"))
        values = [file.accessor(part.attributes[name], kinds) for part in primitives]
        if any(len(each) != len(part.points) for (each, _), part in zip(values, primitives, strict=True)):
            file.refuse(f"expected an element of {name!r:.40} for each point")
        if len({(each.dtype, each.shape[1], normalized) for each, normalized in values}) > 1:
            notes.append(f"{name!r:.40} was ignored, because its number type differs between the parts")
            continue
        if name == "NORMAL":
            turned = [_turn(_as_numbers(*each), part.matrix) for each, part in zip(values, primitives, strict=True)]
            x["normals"] = _join([each[row] for each, row in zip(turned, rows, strict=True)])
        elif name == "COLOR_0":
            x["colors"] = np.concatenate([each[row] for (each, _), row in zip(values, rows, strict=True)])
        else:
            joined = np.concatenate([_as_numbers(*each)[row] for each, row in zip(values, rows, strict=True)])
            others[name.removeprefix("_").lower()] = joined[:, 0] if joined.shape[1] == 1 else joined
    more, labels = group_attributes(others)
    return FileCloud(points, x={**more, **x}, labels=labels, notes=tuple(notes))


def _turn(normals: np.ndarray, matrix: np.ndarray | None) -> np.ndarray:
    """Returns normals in the scene, of length 1."""
    if matrix is None:
        return normals
    # The cofactors of the matrix: the inverse transpose, times the determinant, which may be 0.
    a, b, c = matrix[:3, :3].T
    turned = normals @ np.stack([np.cross(b, c), np.cross(c, a), np.cross(a, b)])
    turned *= np.sign(np.linalg.det(matrix[:3, :3])) or 1
    length = np.linalg.norm(turned, axis=1, keepdims=True)
    return np.divide(turned, length, out=turned, where=length > 0)


def _join(arrays: list[np.ndarray]) -> np.ndarray:
    return arrays[0] if len(arrays) == 1 else np.concatenate(arrays)
