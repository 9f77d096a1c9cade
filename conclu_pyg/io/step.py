"""STEP files of CAD models, by Open CASCADE through cascadio.

It runs in a child process (:mod:`~conclu_pyg.io.child_process`). cascadio returns coordinates in metres whatever the
unit of the file (and writes OBJ in millimetres), rounded to float32; they are returned in millimetres, the unit that
Open CASCADE and most CAD systems work in.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from conclu_pyg.errors import ConcluError
from conclu_pyg.extras import missing_extra
from conclu_pyg.io.file_cloud import FileCloud
from conclu_pyg.io.gltf import read_gltf
from conclu_pyg.io.gltf_file import GltfFile
from conclu_pyg.io.refusals import os_errors_refused, refused

# Possessive: many comments could be divided in exponentially many ways.
START = re.compile(rb"\s*+(?:/\*.*?\*/\s*+)*+ISO-10303-21\s*+;", re.DOTALL)
END = re.compile(rb"END-ISO-10303-21\s*+;\s*+(?:/\*.*?\*/\s*+)*+\Z", re.DOTALL)
FACE = re.compile(rb"=\s*(?:ADVANCED_FACE|FACE_SURFACE)\s*\(")
SOLID = re.compile(rb"=\s*(?:MANIFOLD_SOLID_BREP|BREP_WITH_VOIDS|FACETED_BREP)\s*\(")
# The faces of a mesh: chords are off by this part of the size of an edge, and turn by this angle, at most.
DEFLECTION, ANGLE = 0.01, 0.2  # without unit, radians
MILLIMETRES = 1000  # in a metre
EXTENSION = "TM_brep_faces"


def read(path: Path, max_points: int) -> Iterator[FileCloud]:
    """Yields the mesh of all solids and surfaces of a file, in millimetres.

    Its ``cad`` has the numbers of ``solids`` and ``faces`` that the file stores, the faces by ``face_types`` (plane,
    cylinder, cone, sphere, torus, other), the ``size`` of the model along each axis, and the ``unit`` of coordinates.

    Args:
        path: the file.
        max_points: the largest number of vertices of the mesh.

    Raises:
        ConcluError: cascadio is not installed.
        DataError: the file is no STEP file, has no end, or holds no surface that Open CASCADE can mesh.
    """
    try:
        import cascadio
    except ImportError as error:
        raise ConcluError(f"reading {path}: {missing_extra('cascadio')}.") from error
    with os_errors_refused(path):
        data = path.read_bytes()
    if not START.match(data) or not END.search(data[-4096:]):
        reason = "expected a STEP file, from 'ISO-10303-21;' to 'END-ISO-10303-21;'"
        raise refused(path, reason, expected="ISO-10303-21")
    content = cascadio.load(
        data,
        "step",
        tol_linear=DEFLECTION,
        tol_angular=ANGLE,
        tol_relative=True,
        use_parallel=False,
        include_brep=True,
    )
    file = GltfFile(path, max_points, content) if content else None
    if file is None or not file.parts("meshes"):
        raise refused(path, "Open CASCADE finds no surface in it")
    mesh = read_gltf(file)
    points = mesh.points.astype(np.float64) * MILLIMETRES
    stored = len(FACE.findall(data))
    meshed, types = _count_faces(file)
    cad = {
        "solids": len(SOLID.findall(data)),
        "faces": stored,
        "face_types": types,
        "size": np.ptp(points, axis=0).tolist(),
        "unit": "millimetre",
    }
    notes = ["coordinates are in millimetres"]
    if meshed < stored:
        notes.append(f"only {meshed:,} of {stored:,} faces could be meshed")
    yield FileCloud(points, mesh.triangles, cad=cad, notes=(*notes, *mesh.notes))


def _count_faces(file: GltfFile) -> tuple[int, dict[str, int]]:
    """Returns how many faces have triangles, and how many there are of each type, by the extension of cascadio."""
    meshed, types = 0, Counter[str]()
    for part in (part for mesh in file.parts("meshes") for part in mesh["primitives"]):
        extension = part.get("extensions", {}).get(EXTENSION, {})
        if "faceIndices" in extension:
            meshed += len(np.unique(file.accessor(extension["faceIndices"], ("SCALAR",))[0]))
            types.update(str(face.get("type") or "other") for face in extension.get("faces", []))
    return meshed, dict(types)
