"""STEP files of polyhedra and cylinders."""

from collections.abc import Sequence
from typing import Any

import numpy as np

HEADER = (
    "ISO-10303-21;\nHEADER;\nFILE_DESCRIPTION((''),'2;1');\n"
    "FILE_NAME('a','2026-01-01T00:00:00',(''),(''),'','','');\n"
    "FILE_SCHEMA(('AUTOMOTIVE_DESIGN { 1 0 10303 214 1 1 1 1 }'));\nENDSEC;\nDATA;\n"
)
MILLIMETRE = "(LENGTH_UNIT()NAMED_UNIT(*)SI_UNIT(.MILLI.,.METRE.))"
METRE = "(LENGTH_UNIT()NAMED_UNIT(*)SI_UNIT($,.METRE.))"
BOX = [(x, y, z) for z in (0, 1) for x, y in ((0, 0), (1, 0), (1, 1), (0, 1))]
QUADS = [[0, 3, 2, 1], [4, 5, 6, 7], [0, 1, 5, 4], [2, 3, 7, 6], [1, 2, 6, 5], [3, 0, 4, 7]]
X, Z = (1, 0, 0), (0, 0, 1)


class StepFile:
    """A file of one part, to which solids are added."""

    def __init__(self, unit: str = "millimetre") -> None:
        self.lines: list[str] = []
        self.unit = unit
        self.solids: list[str] = []

    def add(self, text: str) -> str:
        self.lines.append(text)
        return f"#{len(self.lines)}"

    def point(self, place: Sequence[float]) -> str:
        return self.add(f"CARTESIAN_POINT('',({_join(place)}))")

    def direction(self, vector: Any) -> str:
        return self.add(f"DIRECTION('',({_join(np.asarray(vector) / np.linalg.norm(vector))}))")

    def placement(self, origin: Any, axis: Any, x: Any) -> str:
        return self.add(f"AXIS2_PLACEMENT_3D('',{self.point(origin)},{self.direction(axis)},{self.direction(x)})")

    def line(self, start: Any, end: Any) -> str:
        vector = self.add(f"VECTOR('',{self.direction(np.subtract(end, start))},1.)")
        return self.add(f"LINE('',{self.point(start)},{vector})")

    def face(self, edges: Sequence[tuple[str, bool]], surface: str) -> str:
        signs = {True: ".T.", False: ".F."}
        loop = ",".join(self.add(f"ORIENTED_EDGE('',*,*,{edge},{signs[forward]})") for edge, forward in edges)
        bound = self.add(f"FACE_OUTER_BOUND('',{self.add(f'EDGE_LOOP({chr(39) * 2},({loop}))')},.T.)")
        return self.add(f"ADVANCED_FACE('',({bound}),{self.add(surface)},.T.)")

    def close(self, faces: Sequence[str]) -> None:
        shell = self.add(f"CLOSED_SHELL('',({','.join(faces)}))")
        self.solids.append(self.add(f"MANIFOLD_SOLID_BREP('',{shell})"))

    def polyhedron(self, vertices: Any, faces: Sequence[list[int]] = QUADS) -> None:
        vertices = np.asarray(vertices, dtype=float)
        corners = [self.add(f"VERTEX_POINT('',{self.point(vertex)})") for vertex in vertices]
        edges: dict[tuple[int, int], str] = {}
        made = []
        for face in faces:
            around = []
            for a, b in zip(face, face[1:] + face[:1], strict=True):
                key = (min(a, b), max(a, b))
                if key not in edges:
                    line = self.line(*vertices[list(key)])
                    edges[key] = self.add(f"EDGE_CURVE('',{corners[key[0]]},{corners[key[1]]},{line},.T.)")
                around.append((edges[key], a < b))
            first, second, third = vertices[face[:3]]
            place = self.placement(first, np.cross(second - first, third - second), second - first)
            made.append(self.face(around, f"PLANE('',{place})"))
        self.close(made)

    def cylinder(self, radius: float, height: float) -> None:
        rings, corners = [], []
        for z in (0, height):
            corners.append(self.add(f"VERTEX_POINT('',{self.point((radius, 0, z))})"))
            circle = self.add(f"CIRCLE('',{self.placement((0, 0, z), Z, X)},{radius!r})")
            rings.append(self.add(f"EDGE_CURVE('',{corners[-1]},{corners[-1]},{circle},.T.)"))
        line = self.line((radius, 0, 0), (radius, 0, height))
        seam = self.add(f"EDGE_CURVE('',{corners[0]},{corners[1]},{line},.T.)")
        side = [(rings[0], True), (seam, True), (rings[1], False), (seam, False)]
        faces = [self.face(side, f"CYLINDRICAL_SURFACE('',{self.placement((0, 0, 0), Z, X)},{radius!r})")]
        faces.append(self.face([(rings[0], False)], f"PLANE('',{self.placement((0, 0, 0), (0, 0, -1), X)})"))
        faces.append(self.face([(rings[1], True)], f"PLANE('',{self.placement((0, 0, height), Z, X)})"))
        self.close(faces)

    def text(self) -> str:
        length = self.add(METRE if self.unit == "metre" else MILLIMETRE)
        if self.unit == "inch":
            measure = self.add(f"LENGTH_MEASURE_WITH_UNIT(LENGTH_MEASURE(25.4),{length})")
            exponents = self.add("DIMENSIONAL_EXPONENTS(1.,0.,0.,0.,0.,0.,0.)")
            length = self.add(f"(CONVERSION_BASED_UNIT('INCH',{measure})LENGTH_UNIT()NAMED_UNIT({exponents}))")
        angle = self.add("(NAMED_UNIT(*)PLANE_ANGLE_UNIT()SI_UNIT($,.RADIAN.))")
        solid_angle = self.add("(NAMED_UNIT(*)SI_UNIT($,.STERADIAN.)SOLID_ANGLE_UNIT())")
        accuracy = self.add(f"UNCERTAINTY_MEASURE_WITH_UNIT(LENGTH_MEASURE(1.E-07),{length},'distance','')")
        context = self.add(
            f"(GEOMETRIC_REPRESENTATION_CONTEXT(3)GLOBAL_UNCERTAINTY_ASSIGNED_CONTEXT(({accuracy}))"
            f"GLOBAL_UNIT_ASSIGNED_CONTEXT(({length},{angle},{solid_angle}))REPRESENTATION_CONTEXT('',''))"
        )
        application = self.add("APPLICATION_CONTEXT('automotive design')")
        product_context = self.add(f"PRODUCT_CONTEXT('',{application},'mechanical')")
        product = self.add(f"PRODUCT('part','part','',({product_context}))")
        formation = self.add(f"PRODUCT_DEFINITION_FORMATION('','',{product})")
        definition_context = self.add(f"PRODUCT_DEFINITION_CONTEXT('part definition',{application},'design')")
        definition = self.add(f"PRODUCT_DEFINITION('design','',{formation},{definition_context})")
        shape = self.add(f"PRODUCT_DEFINITION_SHAPE('','',{definition})")
        items = ",".join([self.placement((0, 0, 0), Z, X), *self.solids])
        kind = "ADVANCED_BREP_SHAPE_REPRESENTATION" if self.solids else "SHAPE_REPRESENTATION"
        representation = self.add(f"{kind}('',({items}),{context})")
        self.add(f"SHAPE_DEFINITION_REPRESENTATION({shape},{representation})")
        data = "".join(f"#{index + 1}={line};\n" for index, line in enumerate(self.lines))
        return f"{HEADER}{data}ENDSEC;\nEND-ISO-10303-21;\n"


def _join(numbers: Any) -> str:
    return ",".join(repr(float(number)) for number in numbers)
