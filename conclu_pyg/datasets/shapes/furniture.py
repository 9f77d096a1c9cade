"""Tables, beds, shelves and lamps. Width is along x, and the front faces -y."""

from __future__ import annotations

import numpy as np

from conclu_pyg.datasets.shapes.legs import corner_legs, pedestal, radial_legs, side_panels, trestles
from conclu_pyg.datasets.shapes.mesh import Assembly, Mesh
from conclu_pyg.datasets.shapes.primitives import bar, box, ellipsoid, extrude, frustum, revolve, rounded, tube
from conclu_pyg.datasets.shapes.random_choices import RandomChoices


def table(random: RandomChoices) -> Assembly:
    """A table or desk: a thin wide top on legs, panels, trestles or a column; sometimes with a drawer or a shelf."""
    width, height = random.uniform(0.8, 1.9), random.uniform(0.45, 0.8)
    depth, thickness = width * random.uniform(0.45, 1.0), random.uniform(0.02, 0.06)
    is_round = random.bernoulli(0.35)
    outline = rounded(width, depth, random.choice(2.0, 3.0) if is_round else 12.0)
    shape = Assembly().add("top", extrude(outline, thickness).at(z=height))
    leg = random.uniform(0.02, 0.05)
    if is_round and random.bernoulli(0.6):
        if random.bernoulli(0.5):
            shape.add("leg", *pedestal(random, depth * 0.35, height, leg * 1.3))
        else:
            shape.add("leg", *radial_legs(random, random.integer(3, 5), depth * 0.4, height, leg))
        return shape
    inset = 0.7 if is_round else 0.97
    supports = random.choice(corner_legs, corner_legs, side_panels, trestles)
    shape.add("leg", *supports(random, width * inset, depth * inset, height, leg))
    if random.bernoulli(0.4):
        drop = height * random.uniform(0.12, 0.25)
        shape.add("drawer", box(width * random.uniform(0.3, 0.8), depth * 0.8, drop).at(z=height - drop))
    if not is_round and random.bernoulli(0.25):
        side, block = random.choice(-1, 1), width * 0.28
        block_x = side * (width - block) * 0.45
        shape.add("drawer", box(block, depth * 0.85, height * 0.85).at(x=block_x, z=height * 0.14))
    return shape


def bed(random: RandomChoices) -> Assembly:
    """A bed: a mattress on a frame, with a headboard and pillows, sometimes with a footboard, a canopy or a bunk."""
    width, length = random.uniform(0.9, 2.0), random.uniform(1.8, 2.2)
    frame, mattress, floor = random.uniform(0.08, 0.25), random.uniform(0.12, 0.3), random.uniform(0.05, 0.35)
    shape = Assembly()
    post = random.uniform(0.025, 0.05)
    bunk = width < 1.3 and random.bernoulli(0.4)
    for level in (floor, floor + random.uniform(0.8, 1.1))[: 2 if bunk else 1]:
        shape.add("frame", box(width, length, frame).at(z=level))
        soft = rounded(width * 0.96, length * 0.96, random.uniform(6.0, 12.0))
        shape.add("mattress", extrude(soft, mattress).at(z=level + frame))
        number = 1 if width < 1.3 else 2
        for i in range(number):
            pillow = ellipsoid(width * 0.4 / number, length * 0.09, random.uniform(0.05, 0.1))
            x = width / number * (i - (number - 1) / 2)
            shape.add("pillow", pillow.at(x=x, y=length * 0.36, z=level + frame + mattress))
    top = level + frame + mattress + random.uniform(0.15, 0.7)
    x, y = width / 2 - post, length / 2 - post
    corners = [(sx * x, sy * y) for sx in (-1, 1) for sy in (-1, 1)]
    canopy = not bunk and random.bernoulli(0.2)
    if canopy:
        top = floor + random.uniform(1.4, 2.0)
        edges = [(0, 1), (1, 3), (3, 2), (2, 0)]
        shape.add("frame", *(bar((*corners[i], top), (*corners[j], top), post, sides=4) for i, j in edges))
    if bunk or canopy:
        shape.add("frame", *(bar((*corner, 0), (*corner, top), post, sides=4) for corner in corners))
    else:
        shape.add("frame", *(bar((*corner, 0), (*corner, floor), post, sides=4) for corner in corners))
    head = random.uniform(0.25, 0.8)
    board = extrude(rounded(width, 2 * head, random.choice(2.5, 10.0)), 0.06).turned("x", 90)
    shape.add("headboard", board.at(y=length / 2 + 0.06, z=floor + frame + head * random.uniform(0.1, 0.5)))
    if random.bernoulli(0.4):
        shape.add("footboard", box(width, 0.06, frame + mattress + random.uniform(0.0, 0.3)).at(y=-length / 2, z=floor))
    return shape


def shelf(random: RandomChoices) -> Assembly:
    """A shelf or cabinet: boards between uprights, sometimes with a back, a plinth, doors or an inner upright."""
    width, depth, height = random.uniform(0.5, 1.6), random.uniform(0.22, 0.5), random.uniform(0.8, 2.2)
    thickness, number = random.uniform(0.015, 0.05), random.integer(3, 7)
    floor = random.choice(0.0, random.uniform(0.05, 0.2))
    shape = Assembly()
    levels = np.linspace(floor, height - thickness, number)
    shape.add("board", *(box(width, depth, thickness).at(z=z) for z in levels))
    x = (width - thickness) / 2
    if random.bernoulli(0.6):
        shape.add("upright", *(box(thickness, depth, height).at(x=side * x) for side in (-1, 1)))
    else:
        corners = [(sx * x, sy * depth * 0.48) for sx in (-1, 1) for sy in (-1, 1)]
        shape.add("upright", *(bar((*c, 0), (*c, height), thickness * 0.8, sides=6) for c in corners))
    if random.bernoulli(0.4):
        shape.add("upright", box(thickness, depth, height - floor).at(x=width * random.uniform(-0.25, 0.25), z=floor))
    if random.bernoulli(0.5):
        shape.add("back", box(width, 0.01, height - floor).at(y=depth / 2, z=floor))
    if random.bernoulli(0.35):
        upper = levels[random.integer(1, number - 1)]
        lower = random.choice(levels[0], floor)
        for side in (-1, 1):
            door = box(width / 2 * 0.98, 0.02, upper - lower).at(x=side * width / 4, y=-depth / 2, z=lower)
            knob = ellipsoid(0.025, 0.03, 0.025).at(x=side * 0.06, y=-depth / 2 - 0.03, z=(upper + lower) / 2)
            shape.add("door", door, knob)
    return shape


def _shade(random: RandomChoices, radius: float, height: float) -> list[Mesh]:
    """A cone, a drum, a dome or a globe, its middle at the origin."""
    kind = random.choice("cone", "drum", "dome", "globe")
    if kind == "dome":
        return [ellipsoid(radius, radius, height, 0, 90).at(z=-height / 2)]
    if kind == "globe":
        return [ellipsoid(radius * 0.8, radius * 0.8, radius * 0.8)]
    top = radius * (random.uniform(0.2, 0.6) if kind == "cone" else random.uniform(0.85, 1.0))
    return [revolve([(radius, -height / 2), (top, height / 2)])]


def lamp(random: RandomChoices) -> Assembly:
    """A lamp: a desk or floor lamp with a shade on a pole, one with an arched or jointed arm, or a hanging one."""
    radius, height = random.uniform(0.14, 0.32), random.uniform(0.14, 0.35)
    pole, rise = random.uniform(0.008, 0.03), random.uniform(0.35, 1.4)
    shape = Assembly()
    kind = random.choice("straight", "straight", "arch", "joint", "hanging")
    if kind == "hanging":
        for i in range(random.integer(1, 3)):
            drop, turn = rise * random.uniform(0.6, 1.0), 120.0 * i
            x = 0.0 if i == 0 else radius * 2.1
            shade = [mesh.at(x=x, z=-drop).turned("z", turn) for mesh in _shade(random, radius, height)]
            shape.add("shade", *shade).add("pole", bar((x, 0, -drop), (x, 0, 0), pole).turned("z", turn))
        reach = random.uniform(0.1, 0.2) if i == 0 else radius * 2.4
        return shape.add("base", frustum(reach, reach, 0.05).at(z=-0.02))
    if random.bernoulli(0.3):
        angles = np.radians([90, 210, 330])
        feet = [(radius * 0.9 * np.cos(a), radius * 0.9 * np.sin(a), 0.0) for a in angles]
        shape.add("base", *(bar((0, 0, rise * 0.25), foot, pole) for foot in feet))
    else:
        body = random.choice("disc", "vase", "block")
        if body == "disc":
            shape.add("base", frustum(radius * random.uniform(0.5, 0.9), radius * 0.4, 0.05))
        elif body == "block":
            shape.add("base", box(radius, radius, rise * random.uniform(0.1, 0.4), random.uniform(0.5, 1.0)))
        else:
            shape.add("base", ellipsoid(radius * 0.6, radius * 0.6, rise * 0.25).at(z=rise * 0.25))
    if kind == "straight":
        shape.add("pole", bar((0, 0, 0), (0, 0, rise), pole))
        return shape.add("shade", *(mesh.at(z=rise) for mesh in _shade(random, radius, height)))
    reach = rise * random.uniform(0.4, 0.8)
    if kind == "arch":
        angle = np.linspace(np.pi, np.radians(random.uniform(10, 50)), 13)
        path = np.stack([reach / 2 * (1 + np.cos(angle)), 0 * angle, rise + reach / 2 * np.sin(angle)], axis=1)
        shape.add("pole", bar((0, 0, 0), (0, 0, rise), pole), tube(path, pole))
        end, tilt = path[-1], 0.0
    else:
        elbow = (-reach * random.uniform(0.2, 0.5), 0.0, rise * random.uniform(0.5, 0.8))
        end, tilt = np.array([reach * 0.6, 0.0, rise]), random.uniform(-50.0, 0.0)
        shape.add("pole", bar((0, 0, 0), elbow, pole), bar(elbow, end, pole))
    shade = _shade(random, 0.7 * radius, 0.7 * height)
    return shape.add("shade", *(mesh.turned("y", tilt).at(*end) for mesh in shade))
