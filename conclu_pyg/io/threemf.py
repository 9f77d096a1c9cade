"""3MF meshes for 3D printing.

trimesh 5.2.0 accepts triangles with vertices that do not exist, and needs lxml and networkx. Specification: 3MF
Consortium, "3D Manufacturing Format", core 1.3, and its production extension, by which slicers put each object into a
file of the package.
"""

from __future__ import annotations

import posixpath
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn
from xml.parsers import expat

import numpy as np

from conclu_pyg.errors import one_line
from conclu_pyg.io.archives import ARCHIVE_ERRORS, check_not_encrypted
from conclu_pyg.io.file_cloud import NO_FACES, FileCloud
from conclu_pyg.io.polygons import check_corners
from conclu_pyg.io.refusals import RESTORE, SIMPLIFY, refused
from conclu_pyg.io.threemf_model import Model, ModelError, Object, Part, SizeError

START = "_rels/.rels"
START_TYPE = "http://schemas.microsoft.com/3dmanufacturing/2013/01/3dmodel"
MAX_RATIO, SMALL = 200, 1 << 24  # a larger member of a package may be compressed to this part of it at most
MAX_PLACES = 100_000  # objects and components that are shown
MAX_DEPTH = 64


def read(path: Path, max_points: int) -> Iterator[FileCloud]:
    """Yields the mesh of the objects that a file builds, each at its place.

    Coordinates are in the unit of the file, which a note names. Materials, and objects that are not built, are not
    read.

    Args:
        path: the file.
        max_points: the largest number of vertices, and of triangles.

    Raises:
        DataError: the file is no package of 3MF, is inconsistent, needs an extension that changes the shape, or has too
            many vertices or triangles, or no vertices.
    """
    with _refused_errors(path):
        archive = zipfile.ZipFile(path)
    with archive, np.errstate(over="ignore", invalid="ignore"):  # points that are not finite are removed later
        mesh = _Package(path, archive, max_points).mesh()
    yield mesh


@contextmanager
def _refused_errors(path: Path) -> Iterator[None]:
    """Context in which errors of the archive are about the file."""
    try:
        yield
    except ARCHIVE_ERRORS as error:
        reason = f"it cannot be read as a 3MF file ({one_line(error):.200})"
        raise refused(path, reason, got=reason) from error


class _Package:
    def __init__(self, path: Path, archive: zipfile.ZipFile, max_points: int) -> None:
        self.path, self.archive, self.max_points = path, archive, max_points
        self.models: dict[str, Model] = {}
        self.arrays: dict[tuple[str, str], tuple[np.ndarray, np.ndarray]] = {}
        self.places = self.num_points = self.num_triangles = 0

    def refuse(self, reason: str, hint: str = RESTORE) -> NoReturn:
        raise refused(self.path, reason, hint, got=reason)

    def mesh(self) -> FileCloud:
        start = self._find_start()
        model = self._model(start)
        notes = [f"coordinates are in the unit {model.unit}"]
        build = model.build
        if not build:
            used = {part.id for each in model.objects.values() for part in each.components}
            build = [Part("", key, None) for key in model.objects if key not in used]
            notes.append("all objects were read, as the file builds none")
        pieces = [piece for part in build for piece in self._place(start, part, (), None)]
        if not pieces:
            self.refuse("expected an object with vertices, got none")
        sizes = np.cumsum([0, *(len(vertices) for vertices, _ in pieces[:-1])])
        points = np.concatenate([vertices for vertices, _ in pieces])
        triangles = np.concatenate([corners for _, corners in pieces])
        triangles += np.repeat(sizes, [len(corners) for _, corners in pieces])[:, None]
        if not len(triangles):
            return FileCloud(points, notes=(NO_FACES, *notes))
        return FileCloud(points, triangles, notes=tuple(notes))

    def _find_start(self) -> str:
        """Returns the name of the model file by the relationships of the package."""
        targets: list[str] = []

        def start(name: str, attributes: dict[str, str]) -> None:
            if name.endswith("Relationship") and attributes.get("Type") == START_TYPE:
                targets.append(attributes.get("Target", ""))

        parser = expat.ParserCreate()
        parser.StartElementHandler = start
        parser.StartDoctypeDeclHandler = lambda *_: self.refuse("its XML has a document type, which 3MF does not allow")
        try:
            parser.Parse(self._read(START), True)
        except (expat.ExpatError, LookupError) as error:  # LookupError: an unknown encoding
            self.refuse(f"the XML of {START} is not well-formed: {error!s:.80}")
        return targets[0] if targets else self.refuse(f"expected a 3D model in {START}, got none")

    def _member(self, name: str) -> zipfile.ZipInfo:
        name = posixpath.normpath(name.lstrip("/"))
        found = [each for each in self.archive.infolist() if each.filename.lstrip("/").lower() == name.lower()]
        if len(found) != 1:
            self.refuse(f"expected one file {name!r:.80} in it, got {len(found)}")
        member = found[0]
        check_not_encrypted(member)
        if member.file_size > max(SMALL, MAX_RATIO * member.compress_size):
            self.refuse(
                f"{name!r:.80} expands {member.compress_size:,} bytes to {member.file_size:,}, more than XML can"
            )
        return member

    def _read(self, name: str) -> bytes:
        with _refused_errors(self.path):
            return self.archive.read(self._member(name))

    def _model(self, name: str) -> Model:
        name = "/" + posixpath.normpath(name.lstrip("/"))
        if name not in self.models:
            with _refused_errors(self.path), self.archive.open(self._member(name)) as file:
                try:
                    self.models[name] = Model(file, self.max_points)
                except ModelError as error:
                    self.refuse(f"{name!r:.80}: {error}", SIMPLIFY if isinstance(error, SizeError) else RESTORE)
        return self.models[name]

    def _place(
        self, name: str, part: Part, above: tuple[tuple[str, str], ...], matrix: np.ndarray | None
    ) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Yields the meshes of an object and its components in the coordinates of the build.

        Args:
            name: the model file that shows the object.
            part: the object.
            above: the objects that contain it.
            matrix: the transform from the coordinates of those to the build.
        """
        name = part.path or name
        objects, key = self._model(name).objects, (name, part.id)
        if part.id not in objects:
            self.refuse(f"there is no object {part.id!r:.20} in {name!r:.80}")
        self.places += 1
        if key in above or len(above) > MAX_DEPTH or self.places > MAX_PLACES:
            self.refuse(f"object {part.id!r:.20} contains itself, or too many objects")
        own = part.matrix if matrix is None else _chain(part.matrix, matrix)
        content = objects[part.id]
        if len(content.vertices):
            vertices, triangles = self._arrays(key, content)
            self.num_points, self.num_triangles = self.num_points + len(vertices), self.num_triangles + len(triangles)
            for number, things in ((self.num_points, "vertices"), (self.num_triangles, "triangles")):
                if number > self.max_points:
                    self.refuse(f"it has more than the maximum of {self.max_points:,} {things}", SIMPLIFY)
            yield vertices if own is None else vertices @ own[:3] + own[3], triangles
        elif len(content.triangles):
            self.refuse(f"object {part.id!r:.20} has triangles and no vertices")
        for component in content.components:
            yield from self._place(name, component, (*above, key), own)

    def _arrays(self, key: tuple[str, str], content: Object) -> tuple[np.ndarray, np.ndarray]:
        if key not in self.arrays:
            vertices = np.frombuffer(content.vertices, np.float64).reshape(-1, 3)
            triangles = np.frombuffer(content.triangles or b"", np.int64).reshape(-1, 3)
            check_corners(triangles, len(vertices), self.path)
            self.arrays[key] = vertices, triangles
        return self.arrays[key]


def _chain(first: np.ndarray | None, second: np.ndarray) -> np.ndarray:
    """Returns the transform that is ``first`` and then ``second``, ``[4, 3]``."""
    if first is None:
        return second
    chained = first @ second[:3]
    chained[3] += second[3]
    return chained
