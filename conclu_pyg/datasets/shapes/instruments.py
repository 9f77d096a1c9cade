"""Musical instruments."""

from __future__ import annotations

import numpy as np

from conclu_pyg.datasets.shapes.mesh import Assembly
from conclu_pyg.datasets.shapes.primitives import bar, box, extrude, frustum
from conclu_pyg.datasets.shapes.random_choices import RandomChoices


def guitar(random: RandomChoices) -> Assembly:
    """A guitar, ukulele or banjo: a flat body with a waist, a long neck and a head; upright, its face towards -y."""
    tall, width = random.uniform(0.9, 1.2), random.uniform(0.6, 0.9)
    thickness = random.choice(random.uniform(0.06, 0.12), random.uniform(0.15, 0.28))
    waist = random.choice(0.0, random.uniform(0.1, 0.3), random.uniform(0.1, 0.3))
    angle = np.linspace(0.0, 2 * np.pi, 33)[:-1]
    radius = 1 - waist * np.exp(-((np.sin(angle) - 0.15) ** 2) / 0.12)  # drawn in at both sides, above the middle
    upper = 1 - random.uniform(0.1, 0.35) * np.clip(np.sin(angle), 0, 1)
    horn = random.choice(0.0, 0.0, random.uniform(0.15, 0.35)) * np.exp(
        -((angle - random.choice(0.9, 1.2)) ** 2) / 0.04
    )
    outline = np.stack([np.cos(angle) * width / 2 * upper, np.sin(angle) * tall / 2], axis=1) * (radius + horn)[:, None]
    shape = Assembly().add("body", extrude(outline, thickness).turned("x", 90).at(y=thickness / 2))
    reach, half = random.uniform(0.7, 1.2), random.uniform(0.035, 0.06)
    neck = box(2 * half, 0.06, reach + tall * 0.25, 0.85).at(y=-thickness / 2, z=tall * 0.22)
    end = tall * 0.47 + reach
    shape.add("neck", neck)
    head, face = random.uniform(0.2, 0.35), -thickness / 2
    board = box(half * random.uniform(2.5, 4.0), 0.05, head).turned("x", -random.uniform(0.0, 15.0))
    shape.add("head", board.at(y=face, z=end))
    peg = bar((-half * 2.6, 0, 0), (half * 2.6, 0, 0), 0.012, sides=6)
    shape.add("head", *(peg.at(y=face, z=end + z * head) for z in np.linspace(0.2, 0.8, random.integer(2, 3))))
    if random.bernoulli(0.6):
        shape.add("bridge", box(width * 0.35, 0.04, 0.05).at(y=face - 0.02, z=-tall * random.uniform(0.15, 0.25)))
    if random.bernoulli(0.3):
        shape.add("bridge", frustum(0.12, 0.12, 0.02).turned("x", 90).at(y=face, z=0.05))
    return shape
