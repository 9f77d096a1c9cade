"""Legs and feet of chairs, stools, tables, benches and beds."""

from __future__ import annotations

import numpy as np

from conclu_pyg.datasets.shapes.mesh import Mesh
from conclu_pyg.datasets.shapes.primitives import bar, box, frustum, torus
from conclu_pyg.datasets.shapes.random_choices import RandomChoices


def corner_legs(random: RandomChoices, width: float, depth: float, height: float, thickness: float) -> list[Mesh]:
    """Four legs under the corners of a rectangle: round or square, straight or splayed, sometimes with stretchers."""
    splay = random.choice(0.0, random.uniform(0.0, 0.25)) * height
    sides, tip = random.choice(4, 10), thickness * random.uniform(0.5, 1.0)
    x, y = width / 2 - thickness, depth / 2 - thickness
    signs = [(-1, -1), (1, -1), (1, 1), (-1, 1)]
    meshes = [
        bar((sx * x, sy * y, height), (sx * (x + splay), sy * (y + splay), 0.0), thickness, tip, sides)
        for sx, sy in signs
    ]
    if random.bernoulli(0.35):
        level = height * random.uniform(0.15, 0.6)
        out = splay * (1 - level / height)
        corners = [(sx * (x + out), sy * (y + out), level) for sx, sy in signs]
        pairs = random.choice([(0, 1), (1, 2), (2, 3), (3, 0)], [(1, 2), (3, 0)], [(0, 2), (1, 3)])
        meshes += [bar(corners[i], corners[j], thickness * 0.6, sides=4) for i, j in pairs]
    return meshes


def radial_legs(random: RandomChoices, number: int, radius: float, height: float, thickness: float) -> list[Mesh]:
    """Legs in a circle, spread outwards, sometimes held by a ring."""
    foot = radius * random.uniform(0.9, 1.5)
    angle = 2 * np.pi * (np.arange(number) + random.uniform(0.0, 1.0)) / number
    tip = thickness * random.uniform(0.5, 1.0)
    meshes = [
        bar((radius * 0.8 * c, radius * 0.8 * s, height), (foot * c, foot * s, 0.0), thickness, tip, 8)
        for c, s in zip(np.cos(angle), np.sin(angle), strict=True)
    ]
    if random.bernoulli(0.4):
        level = random.uniform(0.2, 0.5)
        meshes.append(torus(foot + (0.8 * radius - foot) * level, thickness * 0.6).at(z=height * level))
    return meshes


def pedestal(random: RandomChoices, radius: float, height: float, thickness: float) -> list[Mesh]:
    """One column on a disc, a cone or a star of feet."""
    foot = radius * random.uniform(0.6, 1.1)
    column = frustum(thickness, thickness * random.uniform(0.7, 1.3), height, 10)
    kind = random.choice("disc", "cone", "star")
    if kind == "disc":
        return [column, frustum(foot, foot * 0.9, 0.06 * height)]
    if kind == "cone":
        return [column, frustum(foot, thickness, height * random.uniform(0.15, 0.6))]
    number = random.integer(3, 6)
    angle = 2 * np.pi * (np.arange(number) + random.uniform(0.0, 1.0)) / number
    level = height * random.uniform(0.05, 0.25)
    feet = [bar((0, 0, level), (foot * np.cos(a), foot * np.sin(a), 0.02 * height), thickness * 0.8) for a in angle]
    return [column, *feet]


def side_panels(random: RandomChoices, width: float, depth: float, height: float, thickness: float) -> list[Mesh]:
    """A board or a frame of bars at each end."""
    x, y = width / 2 - thickness, depth / 2 * random.uniform(0.7, 1.0)
    if random.bernoulli(0.5):
        return [box(thickness, 2 * y, height).at(x=side * x) for side in (-1, 1)]
    return [
        bar((side * x, a, h), (side * x, b, k), thickness * 0.7, sides=6)
        for side in (-1, 1)
        for a, h, b, k in ((-y, 0, y, 0), (-y, 0, -y, height), (y, 0, y, height))
    ]


def trestles(random: RandomChoices, width: float, depth: float, height: float, thickness: float) -> list[Mesh]:
    """Crossed legs at each end, held by a beam."""
    x, y = width / 2 * random.uniform(0.6, 0.9), depth / 2 * random.uniform(0.7, 1.0)
    meshes = [
        bar((side * x, -y * turn, 0.0), (side * x, y * turn, height), thickness, sides=4)
        for side in (-1, 1)
        for turn in (-1, 1)
    ]
    return [*meshes, bar((-x, 0, height / 2), (x, 0, height / 2), thickness * 0.8, sides=4)]
