"""The XML of 3MF model files."""

from __future__ import annotations

from array import array
from dataclasses import dataclass, field
from typing import IO, NamedTuple
from xml.parsers import expat

import numpy as np

CORE = "http://schemas.microsoft.com/3dmanufacturing/core/2015/02"
PRODUCTION = "http://schemas.microsoft.com/3dmanufacturing/production/2015/06"
# Extensions without an influence on the triangles, by the beginning of their namespace.
HARMLESS = (
    CORE,
    PRODUCTION,
    "http://schemas.microsoft.com/3dmanufacturing/material/",
    "http://schemas.microsoft.com/3dmanufacturing/trianglesets/",
    "http://schemas.openxmlformats.org/",
)
UNITS = ("micron", "millimeter", "centimeter", "inch", "foot", "meter")
BLOCK = 1 << 20  # bytes that are parsed at once


class ModelError(ValueError):
    """A model cannot be read; the message is the reason."""


class SizeError(ModelError):
    """A model is too large."""


class Part(NamedTuple):
    """An object in a component or in the build section.

    Attributes:
        path: the model file of the object, or an empty text for the same one.
        id: the object's id in that file.
        matrix: the transform, for row vectors ``[x, y, z, 1]``, or ``None``.

    Shapes:
        - **matrix:** ``[4, 3]``
    """

    path: str
    id: str
    matrix: np.ndarray | None


@dataclass
class Object:
    """A mesh, components, or both empty.

    Shapes:
        - **vertices:** float64 ``[n, 3]``, **triangles:** int64 ``[t, 3]``
    """

    vertices: array[float] = field(default_factory=lambda: array("d"))
    triangles: array[int] = field(default_factory=lambda: array("q"))
    components: list[Part] = field(default_factory=list)


class Model:
    """The objects of a model file and what it builds.

    Args:
        file: the XML.
        max_points: the largest number of vertices, and of triangles.

    Attributes:
        unit: the unit of the coordinates.
        objects: the objects by id.
        build: the objects to print.

    Raises:
        ModelError: the XML is not well-formed, has a document type, or needs an extension that changes the shape.
        SizeError: an object has too many vertices or triangles.
    """

    def __init__(self, file: IO[bytes], max_points: int) -> None:
        self.max_points = max_points
        self.unit = "millimeter"
        self.objects: dict[str, Object] = {}
        self.build: list[Part] = []
        self._object: Object | None = None
        self._namespaces: dict[str, str] = {}
        self._path: list[str] = []
        parser = expat.ParserCreate(namespace_separator=" ")
        parser.buffer_text = True
        parser.StartElementHandler, parser.EndElementHandler = self._start, self._end
        parser.StartDoctypeDeclHandler = self._refuse_doctype
        parser.StartNamespaceDeclHandler = self._add_namespace
        try:
            while block := file.read(BLOCK):
                parser.Parse(block, False)
            parser.Parse(b"", True)
        except (expat.ExpatError, LookupError) as error:  # LookupError: an unknown encoding
            raise ModelError(f"its XML is not well-formed: {error!s:.80}") from error

    def _refuse_doctype(self, *_: object) -> None:
        raise ModelError("its XML has a document type, which 3MF does not allow")

    def _add_namespace(self, prefix: str | None, uri: str) -> None:
        self._namespaces[prefix or ""] = uri

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        namespace, _, element = name.rpartition(" ")
        self._path.append(element if namespace == CORE else "")
        if namespace != CORE:
            return
        if element == "vertex":
            self._add_vertex(attributes)
        elif element == "triangle":
            self._add_triangle(attributes)
        elif element == "model":
            self._check_model(attributes)
        elif element == "object":
            key = attributes.get("id", "")
            if key in self.objects:
                raise ModelError(f"two objects have the id {key!r:.20}")
            self._object = self.objects[key] = Object()
        elif element == "component" and self._object is not None:
            self._object.components.append(_part(attributes))
        elif element == "item" and self._path[-2:-1] == ["build"]:
            self.build.append(_part(attributes))

    def _end(self, name: str) -> None:
        if self._path.pop() == "object":
            self._object = None

    def _add_vertex(self, attributes: dict[str, str]) -> None:
        if self._object is None:
            raise ModelError("a vertex outside of an object")
        vertices = self._object.vertices
        try:
            vertices.extend(map(float, _texts(attributes, "x", "y", "z")))
        except (KeyError, ValueError) as error:
            raise ModelError(f"expected numbers as x, y and z of a vertex, got {attributes!r:.80}") from error
        if len(vertices) > 3 * self.max_points:
            raise SizeError(f"more than the maximum of {self.max_points:,} vertices")

    def _add_triangle(self, attributes: dict[str, str]) -> None:
        if self._object is None:
            raise ModelError("a triangle outside of an object")
        triangles = self._object.triangles
        try:
            triangles.extend(map(int, _texts(attributes, "v1", "v2", "v3")))
        except (KeyError, ValueError, OverflowError) as error:
            raise ModelError(f"expected integers as v1, v2 and v3 of a triangle, got {attributes!r:.80}") from error
        if len(triangles) > 3 * self.max_points:
            raise SizeError(f"more than the maximum of {self.max_points:,} triangles")

    def _check_model(self, attributes: dict[str, str]) -> None:
        self.unit = attributes.get("unit", "millimeter")
        if self.unit not in UNITS:
            raise ModelError(f"expected a unit of {', '.join(UNITS)}, got {self.unit!r:.40}")
        for prefix in attributes.get("requiredextensions", "").split():
            uri = self._namespaces.get(prefix, prefix)
            if not uri.startswith(HARMLESS):
                raise ModelError(f"it needs the extension {uri!r:.100}, which is not supported")


def _part(attributes: dict[str, str]) -> Part:
    matrix = None
    if "transform" in attributes:
        try:
            matrix = np.array([float(word) for word in attributes["transform"].split()]).reshape(4, 3)
        except ValueError:
            matrix = None
        if matrix is None or not np.isfinite(matrix).all():
            raise ModelError(f"expected 12 numbers as a transform, got {attributes['transform']!r:.80}")
    return Part(attributes.get(f"{PRODUCTION} path", ""), attributes.get("objectid", ""), matrix)


def _texts(attributes: dict[str, str], a: str, b: str, c: str) -> tuple[str, str, str]:
    """Returns three attributes that are to be numbers; without the underscores that only Python allows in them."""
    texts = attributes[a], attributes[b], attributes[c]
    if "_" in texts[0] or "_" in texts[1] or "_" in texts[2]:
        raise ValueError("an underscore in a number")
    return texts
