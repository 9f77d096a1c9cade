"""Writes built-in shapes as OBJ meshes, a folder for each category, and altered copies: a folder to try commands on."""

import argparse
from pathlib import Path

import numpy as np

from conclu_pyg.datasets.shapes.catalog import CATEGORIES
from conclu_pyg.datasets.shapes.mesh import Mesh
from conclu_pyg.datasets.shapes.random_choices import RandomChoices


def make(label: int, number: int) -> Mesh:
    category = CATEGORIES[label]
    shape = category.make(RandomChoices(np.random.default_rng([label, number])))
    return shape.merged({part: index for index, part in enumerate(category.parts)})[0]


def write_obj(file: Path, mesh: Mesh) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    corners = [f"v {x:.6g} {y:.6g} {z:.6g}" for x, y, z in mesh.vertices]
    faces = [f"f {a} {b} {c}" for a, b, c in mesh.faces + 1]
    file.write_text("\n".join([*corners, *faces, ""]))


def write_shapes(folder: Path, count: int) -> None:
    for index in range(count):
        number, label = divmod(index, len(CATEGORIES))
        write_obj(folder / CATEGORIES[label].name / f"{number:03d}.obj", make(label, number))
    names = [category.name for category in CATEGORIES]
    chair, car = (make(names.index(name), 0) for name in ("chair", "car"))
    write_obj(folder / "copies" / "chair in millimetres.obj", chair.scaled(1000, 1000, 1000))
    write_obj(folder / "copies" / "car turned.obj", car.turned("z", 90).at(x=3))
    write_obj(folder / "copies" / "car upright.obj", car.turned("x", 90))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("-n", type=int, default=100, metavar="COUNT", help="shapes (default: 100)")
    options = parser.parse_args()
    write_shapes(options.folder, options.n)
