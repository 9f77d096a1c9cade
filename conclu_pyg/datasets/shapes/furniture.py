"""Tables, beds, shelves and lamps. Width runs along x, and the front is towards -y."""

from __future__ import annotations

import numpy as np

from conclu_pyg.datasets.shapes.dice import Dice
from conclu_pyg.datasets.shapes.legs import corner_legs, pedestal, radial_legs, side_panels, trestles
from conclu_pyg.datasets.shapes.mesh import Assembly, Mesh
from conclu_pyg.datasets.shapes.primitives import bar, box, ellipsoid, extrude, frustum, revolve, rounded, tube


def table(dice: Dice) -> Assembly:
    """A table or desk: a thin wide top on legs, panels, trestles or a column; at times with a drawer or a shelf."""
    width, height = dice.between(0.8, 1.9), dice.between(0.45, 0.8)
    depth, thickness = width * dice.between(0.45, 1.0), dice.between(0.02, 0.06)
    is_round = dice.chance(0.35)
    outline = rounded(width, depth, dice.pick(2.0, 3.0) if is_round else 12.0)
    shape = Assembly().add("top", extrude(outline, thickness).at(z=height))
    leg = dice.between(0.02, 0.05)
    if is_round and dice.chance(0.6):
        if dice.chance(0.5):
            shape.add("leg", *pedestal(dice, depth * 0.35, height, leg * 1.3))
        else:
            shape.add("leg", *radial_legs(dice, dice.count(3, 5), depth * 0.4, height, leg))
        return shape
    inset = 0.7 if is_round else 0.97
    supports = dice.pick(corner_legs, corner_legs, side_panels, trestles)
    shape.add("leg", *supports(dice, width * inset, depth * inset, height, leg))
    if dice.chance(0.4):
        drop = height * dice.between(0.12, 0.25)
        shape.add("drawer", box(width * dice.between(0.3, 0.8), depth * 0.8, drop).at(z=height - drop))
    if not is_round and dice.chance(0.25):
        side, block = dice.pick(-1, 1), width * 0.28
        block_x = side * (width - block) * 0.45
        shape.add("drawer", box(block, depth * 0.85, height * 0.85).at(x=block_x, z=height * 0.14))
    return shape


def bed(dice: Dice) -> Assembly:
    """A bed: a mattress on a frame, with a headboard and pillows, at times with a footboard, a canopy or a bunk."""
    width, length = dice.between(0.9, 2.0), dice.between(1.8, 2.2)
    frame, mattress, floor = dice.between(0.08, 0.25), dice.between(0.12, 0.3), dice.between(0.05, 0.35)
    shape = Assembly()
    post = dice.between(0.025, 0.05)
    bunk = width < 1.3 and dice.chance(0.4)
    for level in (floor, floor + dice.between(0.8, 1.1))[: 2 if bunk else 1]:
        shape.add("frame", box(width, length, frame).at(z=level))
        soft = rounded(width * 0.96, length * 0.96, dice.between(6.0, 12.0))
        shape.add("mattress", extrude(soft, mattress).at(z=level + frame))
        number = 1 if width < 1.3 else 2
        for i in range(number):
            pillow = ellipsoid(width * 0.4 / number, length * 0.09, dice.between(0.05, 0.1))
            x = width / number * (i - (number - 1) / 2)
            shape.add("pillow", pillow.at(x=x, y=length * 0.36, z=level + frame + mattress))
    top = level + frame + mattress + dice.between(0.15, 0.7)
    x, y = width / 2 - post, length / 2 - post
    corners = [(sx * x, sy * y) for sx in (-1, 1) for sy in (-1, 1)]
    canopy = not bunk and dice.chance(0.2)
    if canopy:
        top = floor + dice.between(1.4, 2.0)
        edges = [(0, 1), (1, 3), (3, 2), (2, 0)]
        shape.add("frame", *(bar((*corners[i], top), (*corners[j], top), post, sides=4) for i, j in edges))
    if bunk or canopy:
        shape.add("frame", *(bar((*corner, 0), (*corner, top), post, sides=4) for corner in corners))
    else:
        shape.add("frame", *(bar((*corner, 0), (*corner, floor), post, sides=4) for corner in corners))
    head = dice.between(0.25, 0.8)
    board = extrude(rounded(width, 2 * head, dice.pick(2.5, 10.0)), 0.06).turned("x", 90)
    shape.add("headboard", board.at(y=length / 2 + 0.06, z=floor + frame + head * dice.between(0.1, 0.5)))
    if dice.chance(0.4):
        shape.add("footboard", box(width, 0.06, frame + mattress + dice.between(0.0, 0.3)).at(y=-length / 2, z=floor))
    return shape


def shelf(dice: Dice) -> Assembly:
    """A shelf or cabinet: boards between uprights, at times with a back, a plinth, doors or an inner upright."""
    width, depth, height = dice.between(0.5, 1.6), dice.between(0.22, 0.5), dice.between(0.8, 2.2)
    thickness, number = dice.between(0.015, 0.05), dice.count(3, 7)
    floor = dice.pick(0.0, dice.between(0.05, 0.2))
    shape = Assembly()
    levels = np.linspace(floor, height - thickness, number)
    shape.add("board", *(box(width, depth, thickness).at(z=z) for z in levels))
    x = (width - thickness) / 2
    if dice.chance(0.6):
        shape.add("upright", *(box(thickness, depth, height).at(x=side * x) for side in (-1, 1)))
    else:
        corners = [(sx * x, sy * depth * 0.48) for sx in (-1, 1) for sy in (-1, 1)]
        shape.add("upright", *(bar((*c, 0), (*c, height), thickness * 0.8, sides=6) for c in corners))
    if dice.chance(0.4):
        shape.add("upright", box(thickness, depth, height - floor).at(x=width * dice.between(-0.25, 0.25), z=floor))
    if dice.chance(0.5):
        shape.add("back", box(width, 0.01, height - floor).at(y=depth / 2, z=floor))
    if dice.chance(0.35):
        upper = levels[dice.count(1, number - 1)]
        lower = dice.pick(levels[0], floor)
        for side in (-1, 1):
            door = box(width / 2 * 0.98, 0.02, upper - lower).at(x=side * width / 4, y=-depth / 2, z=lower)
            knob = ellipsoid(0.025, 0.03, 0.025).at(x=side * 0.06, y=-depth / 2 - 0.03, z=(upper + lower) / 2)
            shape.add("door", door, knob)
    return shape


def _shade(dice: Dice, radius: float, height: float) -> list[Mesh]:
    """A cone, a drum, a dome or a globe, its middle at the origin."""
    kind = dice.pick("cone", "drum", "dome", "globe")
    if kind == "dome":
        return [ellipsoid(radius, radius, height, 0, 90).at(z=-height / 2)]
    if kind == "globe":
        return [ellipsoid(radius * 0.8, radius * 0.8, radius * 0.8)]
    top = radius * (dice.between(0.2, 0.6) if kind == "cone" else dice.between(0.85, 1.0))
    return [revolve([(radius, -height / 2), (top, height / 2)])]


def lamp(dice: Dice) -> Assembly:
    """A lamp: a desk or floor lamp with a shade on a pole, one with an arched or jointed arm, or a hanging one."""
    radius, height = dice.between(0.14, 0.32), dice.between(0.14, 0.35)
    pole, rise = dice.between(0.008, 0.03), dice.between(0.35, 1.4)
    shape = Assembly()
    kind = dice.pick("straight", "straight", "arch", "joint", "hanging")
    if kind == "hanging":
        for i in range(dice.count(1, 3)):
            drop, turn = rise * dice.between(0.6, 1.0), 120.0 * i
            x = 0.0 if i == 0 else radius * 2.1
            shade = [mesh.at(x=x, z=-drop).turned("z", turn) for mesh in _shade(dice, radius, height)]
            shape.add("shade", *shade).add("pole", bar((x, 0, -drop), (x, 0, 0), pole).turned("z", turn))
        reach = dice.between(0.1, 0.2) if i == 0 else radius * 2.4
        return shape.add("base", frustum(reach, reach, 0.05).at(z=-0.02))
    if dice.chance(0.3):
        angles = np.radians([90, 210, 330])
        feet = [(radius * 0.9 * np.cos(a), radius * 0.9 * np.sin(a), 0.0) for a in angles]
        shape.add("base", *(bar((0, 0, rise * 0.25), foot, pole) for foot in feet))
    else:
        body = dice.pick("disc", "vase", "block")
        if body == "disc":
            shape.add("base", frustum(radius * dice.between(0.5, 0.9), radius * 0.4, 0.05))
        elif body == "block":
            shape.add("base", box(radius, radius, rise * dice.between(0.1, 0.4), dice.between(0.5, 1.0)))
        else:
            shape.add("base", ellipsoid(radius * 0.6, radius * 0.6, rise * 0.25).at(z=rise * 0.25))
    if kind == "straight":
        shape.add("pole", bar((0, 0, 0), (0, 0, rise), pole))
        return shape.add("shade", *(mesh.at(z=rise) for mesh in _shade(dice, radius, height)))
    reach = rise * dice.between(0.4, 0.8)
    if kind == "arch":
        angle = np.linspace(np.pi, np.radians(dice.between(10, 50)), 13)
        path = np.stack([reach / 2 * (1 + np.cos(angle)), 0 * angle, rise + reach / 2 * np.sin(angle)], axis=1)
        shape.add("pole", bar((0, 0, 0), (0, 0, rise), pole), tube(path, pole))
        end, tilt = path[-1], 0.0
    else:
        elbow = (-reach * dice.between(0.2, 0.5), 0.0, rise * dice.between(0.5, 0.8))
        end, tilt = np.array([reach * 0.6, 0.0, rise]), dice.between(-50.0, 0.0)
        shape.add("pole", bar((0, 0, 0), elbow, pole), bar(elbow, end, pole))
    shade = _shade(dice, 0.7 * radius, 0.7 * height)
    return shape.add("shade", *(mesh.turned("y", tilt).at(*end) for mesh in shade))
