"""Aircraft, rockets and ships, facing +x; a rocket stands on its fins."""

from __future__ import annotations

import numpy as np

from conclu_pyg.datasets.shapes.mesh import Assembly, Mesh
from conclu_pyg.datasets.shapes.primitives import bar, box, extrude, frustum, loft, revolve, rounded, tube
from conclu_pyg.datasets.shapes.random_choices import RandomChoices


def _wing(span: float, root: float, tip: float, sweep: float, lift: float, thickness: float) -> Mesh:
    """A wing from the origin to y = span: its chord runs along x, its tip lies ``sweep`` further back."""
    section = rounded(1.0, 1.0, 2.0, 12) * (1.0, thickness)  # (12, 2): along the chord and across it
    rings = np.zeros((2, 12, 3))
    rings[0, :, [0, 2]] = (section * root).T
    rings[1, :, [0, 2]] = (section * (tip, root)).T
    rings[1] += (-sweep, span, lift)
    return loft(rings)


def airplane(random: RandomChoices) -> Assembly:
    """An airplane: an airliner, a propeller plane, a jet fighter, a glider or a biplane."""
    length, radius = 10.0, random.uniform(0.35, 0.8)
    along = np.array([0.0, 0.02, 0.08, 0.2, random.uniform(0.55, 0.75), 0.9, 1.0])
    thick = np.array([0.15, 0.5, 0.85, 1.0, 1.0, 0.5, random.uniform(0.1, 0.25)]) * radius
    path = np.stack([length * (0.5 - along), 0 * along, radius * 0.5 * np.clip(along - 0.6, 0, 1)], axis=1)
    shape = Assembly().add("fuselage", tube(path, thick, 14))
    span, root = length * random.uniform(0.28, 0.75), random.uniform(1.2, 2.8)
    tip, sweep = root * random.uniform(0.2, 0.9), span * random.choice(0.0, random.uniform(0.1, 0.7))
    x, z = random.uniform(-0.5, 1.2), radius * random.uniform(-0.7, 0.8)
    lift, thickness = span * random.uniform(-0.04, 0.12), random.uniform(0.06, 0.12)
    wing = _wing(span, root, tip, sweep, lift, thickness)
    levels = (z, z + random.uniform(1.2, 1.8)) if random.bernoulli(0.15) else (z,)
    for level in levels:
        shape.add("wing", *(wing.scaled(y=side).at(x=x, z=level) for side in (-1, 1)))
    if len(levels) == 2:
        shape.add("wing", *(bar((x, y * span * 0.6, z), (x, y * span * 0.6, levels[1]), 0.06) for y in (-1, 1)))
    rise, chord = random.uniform(1.2, 2.0), random.uniform(0.8, 1.5)
    fin = _wing(rise, chord, chord * 0.6, rise * random.uniform(0.2, 0.7), 0.0, 0.08).turned("x", 90)
    back = -length / 2 + chord * 0.6
    shape.add("tail", fin.at(x=back, z=radius * 0.2))
    high = random.choice(radius * 0.2, rise)
    tail = _wing(span * random.uniform(0.25, 0.4), chord * 0.9, chord * 0.5, rise * 0.4, 0.0, 0.08)
    shift = -rise * 0.4 if high == rise else 0.0
    shape.add("tail", *(tail.scaled(y=side).at(x=back + shift, z=high) for side in (-1, 1)))
    kind = random.choice("under", "under", "rear", "propeller", "none")
    if kind == "propeller":
        blade = bar((length / 2 + 0.05, 0, 0), (length / 2 + 0.05, 0, 1.1), 0.12, 0.06)
        shape.add("engine", *(blade.turned("x", turn) for turn in (0, 120, 240)))
    elif kind != "none":
        size = random.uniform(0.25, 0.45)
        pod = frustum(size * 0.8, size, size * random.uniform(3.0, 5.0), 12).turned("y", 90)
        places = [0.35, 0.62][: random.integer(1, 2)] if kind == "under" else [0.0]
        for share in places:
            for side in (-1, 1):
                y = share * span if kind == "under" else radius + size
                engine_z = z + lift * share - size if kind == "under" else radius * 0.5
                engine_x = x - sweep * share if kind == "under" else -length * 0.35
                shape.add("engine", pod.at(x=engine_x, y=side * y, z=engine_z))
    return shape


def rocket(random: RandomChoices) -> Assembly:
    """A rocket: a slim body in stages with a pointed nose, fins, nozzles and sometimes boosters."""
    height, radius = random.uniform(4.5, 11.0), 1.0
    upper = random.choice(1.0, random.uniform(0.55, 0.9))
    split = height * random.uniform(0.4, 0.7)
    body = revolve([(0.0, 0.0), (radius, 0.0), (radius, split), (upper, split + 0.4), (upper, height)])
    shape = Assembly().add("body", body)
    nose, rise = random.uniform(1.2, 3.5), np.linspace(0.0, 1.0, 8)
    ease = 1 - rise if random.bernoulli(0.4) else np.sqrt(1 - rise**2)
    bulge = random.choice(1.0, 1.0, random.uniform(1.1, 1.3)) * upper
    shape.add("nose", revolve(np.stack([bulge * ease, height + nose * rise], axis=1)))
    number = random.integer(3, 6)
    if random.bernoulli(0.75):
        reach, chord = random.uniform(0.6, 1.6), random.uniform(0.9, 2.4)
        fin = _wing(reach, chord, chord * random.uniform(0.2, 0.8), chord * random.uniform(0.0, 0.5), 0.0, 0.05)
        fin = fin.turned("y", -90).at(y=radius * 0.95, z=chord * 0.55)
        shape.add("fin", *(fin.turned("z", 360.0 * i / number) for i in range(number)))
    if random.bernoulli(0.5):
        size, tall = random.uniform(0.3, 0.55), split * random.uniform(0.5, 1.0)
        profile = [(0.0, 0.0), (size, 0.0), (size, tall), (0.0, tall + 2.5 * size)]
        booster = revolve(profile, 12).at(y=radius + size)
        count = random.choice(2, 4)
        shape.add("booster", *(booster.turned("z", 360.0 * (i + 0.5) / count) for i in range(count)))
    bell = revolve([(0.25, 0.0), (random.uniform(0.4, 0.6), -random.uniform(0.4, 0.9))], 12)
    places = [(0.0, 0.0)] if random.bernoulli(0.5) else [(0.5, 0.0), (-0.25, 0.43), (-0.25, -0.43)]
    return shape.add("nozzle", *(bell.at(x, y) for x, y in places))


def _hull(random: RandomChoices, length: float, width: float, depth: float) -> Mesh:
    """A hull whose deck lies in z = 0: sections from stern to bow that narrow towards the keel."""
    along = np.linspace(0.0, 1.0, 10)
    bow, stern = random.uniform(1.5, 4.0), random.uniform(0.3, 0.95)
    half = width / 2 * (1 - along**bow) * (stern + (1 - stern) * np.minimum(1.0, along * 3)) + 0.01 * width
    keel = -depth * (1 - 0.7 * along ** (bow * 1.5))
    angle, full = np.linspace(0.0, np.pi, 9), random.uniform(0.4, 1.0)
    y, z = np.cos(angle), np.sin(angle) ** full
    rings = np.empty((10, 9, 3))
    rings[:, :, 0] = (length * (along - 0.5) + 0.08 * length * along**3)[:, None]
    rings[:, :, 1], rings[:, :, 2] = half[:, None] * y, keel[:, None] * z
    rings[:, :, 2] += (random.uniform(0.0, 0.5) * depth * along**3)[:, None]  # the bow rises
    return loft(rings)


def ship(random: RandomChoices) -> Assembly:
    """A ship: a hull with a superstructure and funnels, with containers, or with masts and sails."""
    length = 10.0
    width, depth = random.uniform(1.4, 3.0), random.uniform(0.7, 1.6)
    shape = Assembly().add("hull", _hull(random, length, width, depth))
    kind = random.choice("liner", "cargo", "sails", "sails")
    if kind == "sails":
        number = random.integer(1, 3)
        for x in np.linspace(-0.28, 0.25, number) * length if number > 1 else [0.05 * length]:
            rise, chord = random.uniform(3.0, 6.5) * (1.2 if number == 1 else 0.8), length / (number + 1.5)
            shape.add("mast", bar((x, 0, 0), (x, 0, rise), 0.1, 0.05))
            if random.bernoulli(0.5):
                sail = np.array([(0.0, 0.06), (-chord * 0.9, 0.08), (0.0, 0.95)])
            else:
                sail = np.array([(-chord * 0.4, 0.15), (chord * 0.4, 0.15), (chord * 0.3, 0.9), (-chord * 0.3, 0.9)])
            turn = random.uniform(-50.0, 50.0)
            shape.add("sail", extrude(sail * (1.0, rise), 0.04).turned("x", 90).turned("z", turn).at(x=x - 0.06))
        return shape
    block, rise = length * random.uniform(0.15, 0.25), random.uniform(0.8, 2.0)
    x = -length * random.uniform(0.22, 0.36)
    if kind == "liner":
        block, x = length * random.uniform(0.4, 0.65), -length * random.uniform(0.0, 0.1)
    floors = random.integer(1, 3)
    for i in range(floors):
        part = box(block * (1 - 0.18 * i), width * (0.75 - 0.08 * i), rise / floors)
        shape.add("superstructure", part.at(x=x, z=rise / floors * i))
    for i in range(random.integer(1, 3)):
        funnel = frustum(0.22, 0.18, random.uniform(0.6, 1.3), 10).at(x=x + (i - 1) * block * 0.25, z=rise)
        shape.add("funnel", funnel)
    if kind == "cargo":
        for place in np.linspace(x + block, length * 0.32, random.integer(2, 4)):
            shape.add("cargo", box(length * 0.11, width * 0.7, random.uniform(0.4, 1.3)).at(x=place))
    if random.bernoulli(0.5):
        tall = random.uniform(1.5, 3.0)
        shape.add("mast", bar((length * 0.36, 0, 0), (length * 0.36, 0, tall), 0.07))
    return shape
