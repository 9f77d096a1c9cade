"""Containers: surfaces of revolution with different profiles, some with handles, lids and spouts."""

from __future__ import annotations

import numpy as np

from conclu_pyg.datasets.shapes.mesh import Assembly, Mesh
from conclu_pyg.datasets.shapes.primitives import ellipsoid, frustum, revolve, torus, tube
from conclu_pyg.datasets.shapes.random_choices import RandomChoices


def _curve(radii: list[float], heights: list[float], steps: int = 12) -> np.ndarray:
    """A smooth profile through a few pairs of radius and height, ``[steps, 2]``."""
    knots = np.linspace(0.0, 1.0, len(radii))
    at = np.linspace(0.0, 1.0, steps)
    polynomial = np.linalg.inv(np.vander(knots))  # through all the knots; they are four at most, so it cannot swing
    return np.vander(at, len(knots)) @ polynomial @ np.stack([radii, heights], axis=1)


def _handle(width: float, height: float, thickness: float, flat: float, square: float) -> Mesh:
    """A handle in the plane y = 0 that starts and ends on x = 0, around z = 0."""
    angle = np.linspace(-np.pi / 2, np.pi / 2, 15)
    cos, sin = np.cos(angle), np.sin(angle)
    x, z = np.abs(cos) ** square * width, np.sign(sin) * np.abs(sin) ** square * height / 2
    return tube(np.stack([x, 0 * x, z], axis=1), thickness, flat=flat)


def bottle(random: RandomChoices) -> Assembly:
    """A bottle or flask: a closed body, a shoulder, a narrow neck and usually a cap."""
    radius, neck = 1.0, random.uniform(0.2, 0.45)
    body, shoulder, rise = random.uniform(1.4, 4.0), random.uniform(0.2, 1.6), random.uniform(0.4, 1.6)
    waist = random.choice(1.0, random.uniform(0.75, 1.15))
    slope = np.linspace(0.0, 1.0, 8)
    ease = slope if random.bernoulli(0.3) else (1 - np.cos(np.pi * slope)) / 2
    hips = [(0.0, 0.0), (radius * 0.9, 0.0), (radius, 0.1), (waist, body / 2)]
    top = np.stack([radius + (neck - radius) * ease, body + shoulder * slope], axis=1)
    sides = random.choice(24, 24, 24, 4, 6)
    section = (1.0, random.choice(1.0, 1.0, random.uniform(0.45, 0.8)), 1.0)
    body_mesh = revolve(np.concatenate([hips, top]), sides).turned("z", 180 / sides)
    shape = Assembly().add("body", body_mesh.scaled(*section))
    end = body + shoulder
    shape.add("neck", revolve([(neck, end), (neck * random.uniform(0.8, 1.0), end + rise)]).scaled(*section))
    if random.bernoulli(0.75):
        wide, tall = neck * random.uniform(1.1, 1.6), random.uniform(0.2, 0.6)
        cap = frustum(wide, wide * random.uniform(0.7, 1.0), tall)
        shape.add("cap", cap.scaled(*section).at(z=end + rise - tall / 2))
    return shape


def vase(random: RandomChoices) -> Assembly:
    """A vase: an open curved wall, taller than wide, sometimes on a foot, with a flaring lip or two small handles."""
    height = random.uniform(1.8, 4.5)
    foot, belly, throat = random.uniform(0.4, 0.9), random.uniform(0.8, 1.3), random.uniform(0.35, 0.9)
    lip = throat * random.uniform(0.9, 1.9)
    radii = [foot, belly, throat, lip] if random.bernoulli(0.7) else [foot, random.uniform(0.5, 0.9), lip]
    profile = np.maximum(_curve(radii, list(np.linspace(0.0, height, len(radii)))), (0.15, 0.0))
    sides = random.choice(24, 24, 24, 6, 8)
    shape = Assembly().add("wall", revolve(np.concatenate([[(0.0, 0.0)], profile]), sides))
    if random.bernoulli(0.4):
        stand = random.uniform(0.15, 0.6)
        shape.add("foot", frustum(foot * random.uniform(1.0, 1.5), foot * 0.8, stand).at(z=-stand))
    if random.bernoulli(0.3):
        level, tall = random.uniform(0.45, 0.7), height * random.uniform(0.2, 0.4)
        radius = np.interp(level * height, profile[:, 1], profile[:, 0])
        handle = _handle(tall * 0.5, tall, 0.07, 1.0, 1.0).at(x=radius * 0.9, z=level * height)
        shape.add("handle", handle, handle.turned("z", 180))
    return shape


def bowl(random: RandomChoices) -> Assembly:
    """A bowl, dish or goblet: a wide open wall, wider than tall, sometimes with a rim, on a foot or on a stem."""
    height, power = random.uniform(0.35, 1.1), random.uniform(1.2, 3.5)
    base = random.uniform(0.2, 0.6)
    rise = np.linspace(0.0, 1.0, 10)
    profile = np.stack([base + (1 - base) * rise ** (1 / power), height * rise], axis=1)
    inner = profile[::-1] * (0.93, 1.0) + (0.0, 0.03)
    shape = Assembly().add("wall", revolve(np.concatenate([[(0.0, 0.0)], profile, inner, [(0.0, 0.03)]])))
    if random.bernoulli(0.35):
        brim = random.uniform(1.1, 1.5)
        shape.add("rim", revolve([(1.0, height), (brim, height * random.uniform(1.0, 1.2))]))
    kind = random.choice("none", "ring", "stem")
    if kind == "ring":
        stand = random.uniform(0.08, 0.25)
        shape.add("foot", revolve([(base, 0.0), (base * random.uniform(0.8, 1.3), -stand)]))
    elif kind == "stem":
        stand, thin = random.uniform(0.3, 0.8), random.uniform(0.08, 0.15)
        wide = random.uniform(0.4, 0.7)
        shape.add("foot", revolve([(thin, 0.0), (thin, -stand * 0.8), (wide, -stand), (0.0, -stand)]))
    return shape


def mug(random: RandomChoices) -> Assembly:
    """A mug, cup or tankard: an open wall about as tall as wide, with one handle; sometimes on a saucer."""
    height, top = random.uniform(1.1, 3.0), random.uniform(0.9, 1.3)
    bulge = random.choice((1 + top) / 2, random.uniform(0.9, 1.3))
    foot = random.uniform(0.6, 1.0)
    outer = _curve([foot, bulge, top], [0.0, height / 2, height])
    inner = outer[::-1] * (0.9, 1.0)
    inner[:, 1] = 0.08 * height + inner[:, 1] * 0.92
    shape = Assembly().add("wall", revolve(np.concatenate([[(0.0, 0.0)], outer, inner, [(0.0, 0.08 * height)]])))
    tall = height * random.uniform(0.45, 0.8)
    reach, thickness, flat = random.uniform(0.5, 0.9), random.uniform(0.07, 0.15), random.uniform(0.6, 1.6)
    handle = _handle(reach, tall, thickness, flat, random.uniform(0.5, 1.2))
    level = height * random.uniform(0.48, 0.58)
    shape.add("handle", handle.at(x=np.interp(level, outer[:, 1], outer[:, 0]) * 0.93, z=level))
    if random.bernoulli(0.25):
        wide = random.uniform(1.5, 2.1)
        shape.add("saucer", revolve([(0.0, -0.05), (wide * 0.6, -0.05), (wide, 0.2)]))
    return shape


def teapot(random: RandomChoices) -> Assembly:
    """A teapot, kettle or watering can: a round closed body with a spout, a handle behind or above, and a lid."""
    height, base = random.uniform(1.0, 2.2), random.uniform(0.5, 0.9)
    opening = random.uniform(0.35, 0.6)
    profile = _curve([base, random.uniform(1.0, 1.25), opening], [0.0, height * random.uniform(0.4, 0.6), height])
    shape = Assembly().add("body", revolve(np.concatenate([[(0.0, 0.0)], profile])))
    shape.add("lid", ellipsoid(opening * 1.05, opening * 1.05, random.uniform(0.1, 0.4), 0, 90).at(z=height))
    knob = random.uniform(0.08, 0.16)
    shape.add("lid", ellipsoid(knob, knob, knob).at(z=height + random.uniform(0.25, 0.45)))
    middle = np.interp(height * 0.4, profile[:, 1], profile[:, 0])
    reach, bend, width = random.uniform(0.6, 1.3), np.linspace(0.0, 1.0, 9), random.uniform(0.1, 0.2)
    z = height * (0.35 + random.uniform(0.45, 0.8) * bend ** random.uniform(0.8, 2.2))
    spout = np.stack([-(middle * 0.85 + reach * bend), 0 * bend, z], axis=1)
    shape.add("spout", tube(spout, width * np.linspace(1.6, 0.8, 9)))
    thickness = random.uniform(0.06, 0.11)
    if random.bernoulli(0.65):
        reach, tall = random.uniform(0.5, 0.9), height * random.uniform(0.5, 0.75)
        handle = _handle(reach, tall, thickness, 1.0, random.uniform(0.6, 1.1))
        return shape.add("handle", handle.at(x=middle * 0.93, z=height * 0.55))
    arch = torus(1.0, thickness, 0.0, 180.0).scaled(middle * 0.8, random.uniform(0.7, 1.3), 1.0).turned("x", 90)
    return shape.add("handle", arch.at(z=height * 0.85))
