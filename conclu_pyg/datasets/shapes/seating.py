"""Things to sit on. Width runs along x, and the front is towards -y."""

from __future__ import annotations

import numpy as np

from conclu_pyg.datasets.shapes.dice import Dice
from conclu_pyg.datasets.shapes.legs import corner_legs, pedestal, radial_legs, side_panels, trestles
from conclu_pyg.datasets.shapes.mesh import Assembly, Mesh
from conclu_pyg.datasets.shapes.primitives import bar, box, ellipsoid, extrude, frustum, rounded, torus


def _seat(dice: Dice, width: float, depth: float, thickness: float) -> Mesh:
    """A square, rounded or round seat; or a cushion."""
    kind = dice.pick("box", "rounded", "round", "cushion")
    if kind == "box":
        return box(width, depth, thickness, dice.between(0.85, 1.0))
    if kind == "cushion":
        return ellipsoid(width / 2, depth / 2, thickness, 0, 90)
    return extrude(rounded(width, depth, 2.0 if kind == "round" else dice.between(2.5, 8.0)), thickness)


def _back(dice: Dice, width: float, height: float, thickness: float) -> list[Mesh]:
    """A back in the plane y = 0: a panel, a rounded panel, slats, spindles or a frame."""
    kind = dice.pick("panel", "rounded", "slats", "spindles", "frame")
    x = width / 2 - thickness / 2
    if kind == "panel":
        gap = dice.between(0.0, 0.25) * height
        return [box(width, thickness, height - gap, dice.between(0.7, 1.1)).at(z=gap)]
    if kind == "rounded":
        return [extrude(rounded(width, height, dice.between(2.0, 4.0)), thickness).turned("x", 90).at(z=height / 2)]
    posts = [bar((side * x, 0, 0), (side * x, 0, height), thickness / 2) for side in (-1, 1)]
    if kind == "slats":
        number = dice.count(2, 5)
        rise = height / number
        return posts + [box(width, thickness * 0.6, rise * 0.5).at(z=rise * (i + 0.45)) for i in range(number)]
    top = box(width, thickness, height * dice.between(0.08, 0.25)).at(z=height * 0.85)
    if kind == "frame":
        return [*posts, top, box(width, thickness, height * 0.1).at(z=height * dice.between(0.1, 0.5))]
    number = dice.count(3, 7)
    spindles = [bar((u, 0, 0), (u, 0, height), thickness * 0.35, sides=6) for u in np.linspace(-x, x, number + 2)[1:-1]]
    return [*posts, top, *spindles]


def _arms(dice: Dice, width: float, depth: float, height: float, thickness: float) -> list[Mesh]:
    """An arm rest at each side, on a post, on two or on a closed panel."""
    rest = box(thickness * dice.between(1.0, 2.0), depth, thickness).at(z=height)
    kind = dice.pick("post", "posts", "panel")
    if kind == "panel":
        side = [box(thickness, depth, height)]
    else:
        ends = (-0.4,) if kind == "post" else (-0.4, 0.4)
        side = [bar((0, y * depth, 0), (0, y * depth, height), thickness / 2) for y in ends]
    return [mesh.at(x=x) for x in (-width / 2, width / 2) for mesh in (rest, *side)]


def chair(dice: Dice) -> Assembly:
    """A chair: a seat with a back, with or without arms, on legs of any kind."""
    width, depth, height = dice.between(0.42, 0.75), dice.between(0.4, 0.65), dice.between(0.3, 0.6)
    thickness, leg = dice.between(0.03, 0.12), dice.between(0.015, 0.035)
    shape = Assembly().add("seat", _seat(dice, width, depth, thickness).at(z=height))
    rake = dice.between(0.0, 20.0)
    back = _back(dice, width * dice.between(0.75, 1.0), dice.between(0.35, 0.85), dice.between(0.03, 0.08))
    shape.add("back", *(m.turned("x", -rake).at(y=depth * 0.45, z=height + thickness / 2) for m in back))
    if dice.chance(0.4):
        arms = _arms(dice, width, depth * dice.between(0.7, 1.0), dice.between(0.15, 0.28), dice.between(0.03, 0.06))
        shape.add("arm", *(mesh.at(z=height + thickness) for mesh in arms))
    kind = dice.pick("corner", "corner", "pedestal", "panels", "radial")
    if kind == "corner":
        shape.add("leg", *corner_legs(dice, width, depth, height, leg))
    elif kind == "pedestal":
        shape.add("leg", *pedestal(dice, width / 2, height, leg * 1.3))
    elif kind == "panels":
        shape.add("leg", *side_panels(dice, width, depth, height, leg))
    else:
        shape.add("leg", *radial_legs(dice, dice.count(3, 5), min(width, depth) / 2, height, leg))
    return shape


def stool(dice: Dice) -> Assembly:
    """A stool: a small seat without a back on three to five legs or a column, at times with a foot rest."""
    width, height = dice.between(0.3, 0.5), dice.between(0.4, 0.85)
    depth, leg = width * dice.between(0.75, 1.0), dice.between(0.015, 0.035)
    thickness = dice.between(0.03, 0.12)
    shape = Assembly().add("seat", _seat(dice, width, depth, thickness).at(z=height))
    kind = dice.pick("corner", "radial", "radial", "pedestal")
    if kind == "corner":
        shape.add("leg", *corner_legs(dice, width, depth, height, leg))
    elif kind == "radial":
        shape.add("leg", *radial_legs(dice, dice.count(3, 5), depth / 2, height, leg))
    else:
        shape.add("leg", *pedestal(dice, width / 2, height, leg * 1.3))
        if dice.chance(0.6):
            level, radius = height * dice.between(0.25, 0.5), width * dice.between(0.3, 0.5)
            spokes = [bar((-radius, 0, level), (radius, 0, level), leg * 0.5).turned("z", turn) for turn in (0, 90)]
            shape.add("foot rest", torus(radius, leg * 0.7).at(z=level), *spokes)
    return shape


def bench(dice: Dice) -> Assembly:
    """A bench: a long narrow seat, of one board or of several, at times with a back."""
    width, depth, height = dice.between(1.1, 2.0), dice.between(0.28, 0.5), dice.between(0.35, 0.55)
    thickness = dice.between(0.03, 0.1)
    if dice.chance(0.5):
        seat = [_seat(dice, width, depth, thickness)]
    else:
        number = dice.count(2, 5)
        pitch = depth / number
        seat = [box(width, pitch * 0.75, thickness).at(y=pitch * (i - (number - 1) / 2)) for i in range(number)]
    shape = Assembly().add("seat", *(mesh.at(z=height) for mesh in seat))
    if dice.chance(0.45):
        rake, rise = dice.between(0.0, 20.0), dice.between(0.25, 0.5)
        back = _back(dice, width, rise, dice.between(0.02, 0.05))
        shape.add("back", *(m.turned("x", -rake).at(y=depth * 0.45, z=height + thickness) for m in back))
    supports = dice.pick(corner_legs, side_panels, trestles)
    return shape.add("leg", *supports(dice, width * 0.95, depth, height, dice.between(0.02, 0.05)))


def sofa(dice: Dice) -> Assembly:
    """A sofa: an upholstered base with cushions, a thick back and thick arms, at times with a corner seat."""
    width, depth = dice.between(1.0, 2.2), dice.between(0.65, 0.95)
    floor, base, arm = dice.between(0.03, 0.15), dice.between(0.15, 0.3), dice.between(0.12, 0.28)
    rise, cushion = dice.between(0.3, 0.6), dice.between(0.06, 0.2)
    shape = Assembly().add("base", box(width, depth, base).at(z=floor))
    shape.add("base", *corner_legs(dice, width * 0.95, depth * 0.9, floor, 0.03))
    inner = width - 2 * arm
    number = dice.count(1, 3)
    for i in range(number):
        x = inner / number * (i - (number - 1) / 2)
        outline = rounded(inner / number * 0.97, depth * 0.8, 8.0)
        shape.add("cushion", extrude(outline, cushion).at(x=x, y=-depth * 0.1, z=floor + base))
    back = box(width, depth * 0.22, rise + base, dice.between(0.85, 1.0)).turned("x", -dice.between(0.0, 12.0))
    shape.add("back", back.at(y=depth * 0.42, z=floor))
    top = base + rise * dice.between(0.3, 0.7)
    rolled = dice.chance(0.4)
    for side in (-1, 1):
        x = side * (width - arm) / 2
        shape.add("arm", box(arm, depth, top).at(x=x, z=floor))
        if rolled:
            roll = frustum(arm * 0.65, arm * 0.65, depth).turned("x", 90)
            shape.add("arm", roll.at(x=x, y=depth / 2, z=floor + top))
    if dice.chance(0.3):
        reach = depth * dice.between(0.6, 1.0)
        x, y = dice.pick(-1, 1) * (width - inner / 2) / 2, -(depth + reach) / 2
        shape.add("base", box(inner / 2, reach, base).at(x=x, y=y, z=floor))
        shape.add("cushion", box(inner / 2, reach, cushion).at(x=x, y=y, z=floor + base))
    return shape
