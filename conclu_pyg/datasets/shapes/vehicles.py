"""Road vehicles, facing +x."""

from __future__ import annotations

import numpy as np

from conclu_pyg.datasets.shapes.mesh import Assembly, Mesh
from conclu_pyg.datasets.shapes.primitives import bar, box, ellipsoid, extrude, frustum, loft
from conclu_pyg.datasets.shapes.random_choices import RandomChoices


def _wheels(axles: list[float], track: float, radius: float, width: float) -> list[Mesh]:
    """A pair of wheels at each axle, standing on z = 0."""
    wheel = frustum(radius, radius, width).turned("x", 90).at(y=width / 2, z=radius)
    return [wheel.at(x=x, y=side * track / 2) for x in axles for side in (-1, 1)]


def _side_view(outline: list[tuple[float, float]], width: float, top: float) -> Mesh:
    """A body whose outline from the side is given, narrower by the factor ``top`` at its highest point."""
    corners = np.array(outline, dtype=float)  # (M, 2): x and z
    height = corners[:, 1]
    narrow = 1 - (1 - top) * (height - height.min()) / np.ptp(height)
    rings = np.zeros((2, len(corners), 3))
    rings[:, :, 0], rings[:, :, 2] = corners[:, 0], height
    rings[0, :, 1], rings[1, :, 1] = -width / 2 * narrow, width / 2 * narrow
    return loft(rings)


def car(random: RandomChoices) -> Assembly:
    """A car: a limousine, hatchback, van, coupé, pick-up or open car."""
    length, width = random.uniform(3.4, 5.0), random.uniform(1.5, 1.95)
    wheel, clearance = random.uniform(0.28, 0.42), random.uniform(0.15, 0.3)
    belt = clearance + random.uniform(0.5, 0.75)
    front, rear = length / 2, -length / 2
    nose, tail = belt - random.uniform(0.0, 0.3), belt - random.uniform(0.0, 0.15)
    bonnet, boot = (front * 0.35, belt), (rear * 0.5, belt)
    body = [(rear, clearance), (front, clearance), (front, nose), bonnet, boot, (rear, tail)]
    shape = Assembly().add("body", _side_view(body, width, random.uniform(0.88, 1.0)))
    roof = belt + random.uniform(0.4, 0.75)
    kind = random.choice("limousine", "hatchback", "coupe", "van", "pick-up", "open")
    # From the windscreen's foot along the roof to the rear window's foot, in halves of the length.
    a, b, c, d = {
        "limousine": (0.4, 0.12, -0.4, -0.68),
        "hatchback": (0.4, 0.15, -0.75, -0.95),
        "coupe": (0.3, 0.0, -0.25, -0.95),
        "van": (0.75, 0.45, -0.95, -1.0),
        "pick-up": (0.45, 0.2, -0.15, -0.2),
        "open": (0.3, 0.15, 0.12, 0.25),
    }[kind]
    shift = random.uniform(-0.06, 0.06)
    cabin = [(front * d, belt), (front * (a + shift), belt), (front * (b + shift), roof), (front * c, roof)]
    shape.add("cabin", _side_view(cabin, width * 0.95, random.uniform(0.7, 0.92)))
    if kind == "open":
        seat = box(0.25, width * 0.35, 0.45).at(x=-0.2 * front, z=belt)
        shape.add("cabin", *(seat.at(y=y * width / 4) for y in (-1, 1)))
    if kind == "pick-up":
        sides = [box(front * 0.75, 0.06, 0.3).at(x=rear * 0.6, y=y * width * 0.45, z=belt * 0.95) for y in (-1, 1)]
        shape.add("body", *sides, box(0.06, width * 0.9, 0.3).at(x=rear * 0.96, z=belt * 0.95))
    if kind in ("limousine", "coupe") and random.bernoulli(0.3):
        shape.add("body", box(0.3, width * 0.9, 0.05).at(x=rear * 0.93, z=belt + 0.2))
    base = random.uniform(0.56, 0.68)
    shape.add("wheel", *_wheels([base * front, base * rear], width * 0.92, wheel, random.uniform(0.18, 0.28)))
    if random.bernoulli(0.5):
        mirror = ellipsoid(0.08, 0.14, 0.09).at(x=front * a * 0.8, z=belt + 0.1)
        shape.add("mirror", *(mirror.at(y=y * width * 0.52) for y in (-1, 1)))
    return shape


def bus(random: RandomChoices) -> Assembly:
    """A bus, coach or tram: one long box on wheels, of one deck or two, sometimes jointed."""
    length, width, height = random.uniform(6.0, 11.5), random.uniform(2.2, 2.6), random.uniform(2.2, 3.0)
    clearance, wheel = random.uniform(0.25, 0.4), random.uniform(0.4, 0.55)
    if random.bernoulli(0.25):
        height *= random.uniform(1.3, 1.6)
    slant = random.uniform(0.0, 0.5)
    shape = Assembly()
    jointed = random.bernoulli(0.2)
    sections = [(-length / 2, -0.4), (0.4, length / 2)] if jointed else [(-length / 2, length / 2)]
    for rear, front in sections:
        lean = slant if front == length / 2 else 0.0
        face = [(front, clearance), (front, height * 0.45), (front - lean, height)]
        body = _side_view([(rear, clearance), *face, (rear, height)], width, random.uniform(0.88, 1.0))
        shape.add("body", body)
    if jointed:
        shape.add("body", box(0.9, width * 0.85, height * 0.85).at(z=clearance))
    axles = [length * random.uniform(0.28, 0.36), -length * random.uniform(0.22, 0.34)]
    axles += [axles[1] - 2.4 * wheel] if random.bernoulli(0.3) else []
    shape.add("wheel", *_wheels(axles, width * 0.93, wheel, 0.3))
    if random.bernoulli(0.6):
        unit = box(length * random.uniform(0.12, 0.6), width * 0.65, random.uniform(0.15, 0.35))
        shape.add("roof unit", unit.at(x=length * random.uniform(-0.2, 0.1), z=height))
    if random.bernoulli(0.6):
        arm = bar((0, width * 0.4, height * 0.8), (0.4, width * 0.6, height * 0.75), 0.04)
        glass = box(0.12, 0.25, 0.5).at(x=0.4, y=width * 0.6, z=height * 0.6)
        for side in (-1, 1):
            shape.add("mirror", *(mesh.scaled(y=side).at(x=length / 2) for mesh in (arm, glass)))
    return shape


def truck(random: RandomChoices) -> Assembly:
    """A truck: a cab, apart from its load, which is a box, a tank, a tipper or a crane on a flat bed."""
    width, height, cab_length = random.uniform(2.1, 2.6), random.uniform(2.0, 3.0), random.uniform(1.5, 2.3)
    length, wheel, deck = random.uniform(4.0, 9.0), random.uniform(0.42, 0.6), random.uniform(0.8, 1.15)
    low = deck * 0.55
    rear, front = -length / 2, length / 2
    gap = random.uniform(0.1, 0.5)
    shape = Assembly().add("chassis", box(length + cab_length, width * 0.5, 0.25).at(x=cab_length / 2, z=deck - 0.25))
    hood = random.choice(0.0, random.uniform(0.7, 1.5))
    nose, behind, slant = front + cab_length, front + gap, cab_length * random.uniform(0.0, 0.25)
    cab = [(behind, low), (nose, low), (nose, height * 0.6), (nose - slant, height), (behind, height)]
    shape.add("cab", _side_view(cab, width * 0.95, random.uniform(0.85, 1.0)))
    if hood:
        shape.add("cab", box(hood, width * 0.75, height * 0.55 - low, 0.9).at(x=nose + hood / 2, z=low))
    kind = random.choice("box", "tank", "tipper", "flat")
    if kind == "box":
        shape.add("load", box(length, width, height * random.uniform(0.8, 1.2)).at(z=deck))
    elif kind == "tank":
        radius = width * random.uniform(0.38, 0.48)
        shape.add("load", frustum(radius, radius, length).turned("y", 90).at(x=rear, z=deck + radius))
    elif kind == "tipper":
        outline = np.array([(-0.5, -0.4), (0.5, -0.4), (0.5, 0.4), (-0.5, 0.4)]) * (length, width)
        skip = extrude(outline, height * random.uniform(0.35, 0.6))
        skip.vertices[4:8, :2] *= 1.15
        shape.add("load", skip.at(z=deck))
    else:
        shape.add("load", box(length, width, 0.15).at(z=deck))
        stake = bar((0, 0, deck), (0, 0, deck + 0.7), 0.06, sides=4)
        for x in np.linspace(rear, front, random.integer(3, 6)):
            shape.add("load", *(stake.at(x=x, y=y * width * 0.47) for y in (-1, 1)))
        if random.bernoulli(0.5):
            x, top = front - 0.5, deck + height * 0.6
            boom = bar((x, 0, top), (rear * random.uniform(0.3, 0.9), 0, height * random.uniform(1.2, 1.8)), 0.2, 0.1)
            shape.add("load", box(0.6, 0.6, height * 0.6).at(x=x, z=deck), boom)
    axles = [front + cab_length * 0.55 + hood * 0.5, rear + 1.2 * wheel]
    axles += [axles[1] + 2.2 * wheel] if length > 5 and random.bernoulli(0.6) else []
    return shape.add("wheel", *_wheels(axles, width * 0.9, wheel, 0.35))
