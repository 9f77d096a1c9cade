"""Seats of all kinds. Width is along x, and the front faces -y."""

from __future__ import annotations

import numpy as np

from conclu_pyg.datasets.shapes.legs import corner_legs, pedestal, radial_legs, side_panels, trestles
from conclu_pyg.datasets.shapes.mesh import Assembly, Mesh
from conclu_pyg.datasets.shapes.primitives import bar, box, ellipsoid, extrude, frustum, rounded, torus
from conclu_pyg.datasets.shapes.random_choices import RandomChoices


def _seat(random: RandomChoices, width: float, depth: float, thickness: float) -> Mesh:
    """A square, rounded or round seat; or a cushion."""
    kind = random.choice("box", "rounded", "round", "cushion")
    if kind == "box":
        return box(width, depth, thickness, random.uniform(0.85, 1.0))
    if kind == "cushion":
        return ellipsoid(width / 2, depth / 2, thickness, 0, 90)
    return extrude(rounded(width, depth, 2.0 if kind == "round" else random.uniform(2.5, 8.0)), thickness)


def _back(random: RandomChoices, width: float, height: float, thickness: float) -> list[Mesh]:
    """A back in the plane y = 0: a panel, a rounded panel, slats, spindles or a frame."""
    kind = random.choice("panel", "rounded", "slats", "spindles", "frame")
    x = width / 2 - thickness / 2
    if kind == "panel":
        gap = random.uniform(0.0, 0.25) * height
        return [box(width, thickness, height - gap, random.uniform(0.7, 1.1)).at(z=gap)]
    if kind == "rounded":
        return [extrude(rounded(width, height, random.uniform(2.0, 4.0)), thickness).turned("x", 90).at(z=height / 2)]
    posts = [bar((side * x, 0, 0), (side * x, 0, height), thickness / 2) for side in (-1, 1)]
    if kind == "slats":
        number = random.integer(2, 5)
        rise = height / number
        return posts + [box(width, thickness * 0.6, rise * 0.5).at(z=rise * (i + 0.45)) for i in range(number)]
    top = box(width, thickness, height * random.uniform(0.08, 0.25)).at(z=height * 0.85)
    if kind == "frame":
        return [*posts, top, box(width, thickness, height * 0.1).at(z=height * random.uniform(0.1, 0.5))]
    number = random.integer(3, 7)
    spindles = [bar((u, 0, 0), (u, 0, height), thickness * 0.35, sides=6) for u in np.linspace(-x, x, number + 2)[1:-1]]
    return [*posts, top, *spindles]


def _arms(random: RandomChoices, width: float, depth: float, height: float, thickness: float) -> list[Mesh]:
    """An arm rest at each side, on a post, on two or on a closed panel."""
    rest = box(thickness * random.uniform(1.0, 2.0), depth, thickness).at(z=height)
    kind = random.choice("post", "posts", "panel")
    if kind == "panel":
        side = [box(thickness, depth, height)]
    else:
        ends = (-0.4,) if kind == "post" else (-0.4, 0.4)
        side = [bar((0, y * depth, 0), (0, y * depth, height), thickness / 2) for y in ends]
    return [mesh.at(x=x) for x in (-width / 2, width / 2) for mesh in (rest, *side)]


def chair(random: RandomChoices) -> Assembly:
    """A chair: a seat with a back, with or without arms, on legs of any kind."""
    width, depth, height = random.uniform(0.42, 0.75), random.uniform(0.4, 0.65), random.uniform(0.3, 0.6)
    thickness, leg = random.uniform(0.03, 0.12), random.uniform(0.015, 0.035)
    shape = Assembly().add("seat", _seat(random, width, depth, thickness).at(z=height))
    rake = random.uniform(0.0, 20.0)
    back = _back(random, width * random.uniform(0.75, 1.0), random.uniform(0.35, 0.85), random.uniform(0.03, 0.08))
    shape.add("back", *(m.turned("x", -rake).at(y=depth * 0.45, z=height + thickness / 2) for m in back))
    if random.bernoulli(0.4):
        arms = _arms(
            random, width, depth * random.uniform(0.7, 1.0), random.uniform(0.15, 0.28), random.uniform(0.03, 0.06)
        )
        shape.add("arm", *(mesh.at(z=height + thickness) for mesh in arms))
    kind = random.choice("corner", "corner", "pedestal", "panels", "radial")
    if kind == "corner":
        shape.add("leg", *corner_legs(random, width, depth, height, leg))
    elif kind == "pedestal":
        shape.add("leg", *pedestal(random, width / 2, height, leg * 1.3))
    elif kind == "panels":
        shape.add("leg", *side_panels(random, width, depth, height, leg))
    else:
        shape.add("leg", *radial_legs(random, random.integer(3, 5), min(width, depth) / 2, height, leg))
    return shape


def stool(random: RandomChoices) -> Assembly:
    """A stool: a small seat without a back on three to five legs or a column, sometimes with a foot rest."""
    width, height = random.uniform(0.3, 0.5), random.uniform(0.4, 0.85)
    depth, leg = width * random.uniform(0.75, 1.0), random.uniform(0.015, 0.035)
    thickness = random.uniform(0.03, 0.12)
    shape = Assembly().add("seat", _seat(random, width, depth, thickness).at(z=height))
    kind = random.choice("corner", "radial", "radial", "pedestal")
    if kind == "corner":
        shape.add("leg", *corner_legs(random, width, depth, height, leg))
    elif kind == "radial":
        shape.add("leg", *radial_legs(random, random.integer(3, 5), depth / 2, height, leg))
    else:
        shape.add("leg", *pedestal(random, width / 2, height, leg * 1.3))
        if random.bernoulli(0.6):
            level, radius = height * random.uniform(0.25, 0.5), width * random.uniform(0.3, 0.5)
            spokes = [bar((-radius, 0, level), (radius, 0, level), leg * 0.5).turned("z", turn) for turn in (0, 90)]
            shape.add("foot rest", torus(radius, leg * 0.7).at(z=level), *spokes)
    return shape


def bench(random: RandomChoices) -> Assembly:
    """A bench: a long narrow seat, of one board or of several, sometimes with a back."""
    width, depth, height = random.uniform(1.1, 2.0), random.uniform(0.28, 0.5), random.uniform(0.35, 0.55)
    thickness = random.uniform(0.03, 0.1)
    if random.bernoulli(0.5):
        seat = [_seat(random, width, depth, thickness)]
    else:
        number = random.integer(2, 5)
        pitch = depth / number
        seat = [box(width, pitch * 0.75, thickness).at(y=pitch * (i - (number - 1) / 2)) for i in range(number)]
    shape = Assembly().add("seat", *(mesh.at(z=height) for mesh in seat))
    if random.bernoulli(0.45):
        rake, rise = random.uniform(0.0, 20.0), random.uniform(0.25, 0.5)
        back = _back(random, width, rise, random.uniform(0.02, 0.05))
        shape.add("back", *(m.turned("x", -rake).at(y=depth * 0.45, z=height + thickness) for m in back))
    supports = random.choice(corner_legs, side_panels, trestles)
    return shape.add("leg", *supports(random, width * 0.95, depth, height, random.uniform(0.02, 0.05)))


def sofa(random: RandomChoices) -> Assembly:
    """A sofa: an upholstered base with cushions, a thick back and thick arms, sometimes with a corner seat."""
    width, depth = random.uniform(1.0, 2.2), random.uniform(0.65, 0.95)
    floor, base, arm = random.uniform(0.03, 0.15), random.uniform(0.15, 0.3), random.uniform(0.12, 0.28)
    rise, cushion = random.uniform(0.3, 0.6), random.uniform(0.06, 0.2)
    shape = Assembly().add("base", box(width, depth, base).at(z=floor))
    shape.add("base", *corner_legs(random, width * 0.95, depth * 0.9, floor, 0.03))
    inner = width - 2 * arm
    number = random.integer(1, 3)
    for i in range(number):
        x = inner / number * (i - (number - 1) / 2)
        outline = rounded(inner / number * 0.97, depth * 0.8, 8.0)
        shape.add("cushion", extrude(outline, cushion).at(x=x, y=-depth * 0.1, z=floor + base))
    back = box(width, depth * 0.22, rise + base, random.uniform(0.85, 1.0)).turned("x", -random.uniform(0.0, 12.0))
    shape.add("back", back.at(y=depth * 0.42, z=floor))
    top = base + rise * random.uniform(0.3, 0.7)
    rolled = random.bernoulli(0.4)
    for side in (-1, 1):
        x = side * (width - arm) / 2
        shape.add("arm", box(arm, depth, top).at(x=x, z=floor))
        if rolled:
            roll = frustum(arm * 0.65, arm * 0.65, depth).turned("x", 90)
            shape.add("arm", roll.at(x=x, y=depth / 2, z=floor + top))
    if random.bernoulli(0.3):
        reach = depth * random.uniform(0.6, 1.0)
        x, y = random.choice(-1, 1) * (width - inner / 2) / 2, -(depth + reach) / 2
        shape.add("base", box(inner / 2, reach, base).at(x=x, y=y, z=floor))
        shape.add("cushion", box(inner / 2, reach, cushion).at(x=x, y=y, z=floor + base))
    return shape
