"""The categories of parametric shapes: name, parts and the function that makes one."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from conclu_pyg.datasets.shapes.aircraft_and_ships import airplane, rocket, ship
from conclu_pyg.datasets.shapes.containers import bottle, bowl, mug, teapot, vase
from conclu_pyg.datasets.shapes.furniture import bed, lamp, shelf, table
from conclu_pyg.datasets.shapes.instruments import guitar
from conclu_pyg.datasets.shapes.mesh import Assembly
from conclu_pyg.datasets.shapes.random_choices import RandomChoices
from conclu_pyg.datasets.shapes.seating import bench, chair, sofa, stool
from conclu_pyg.datasets.shapes.vehicles import bus, car, truck


class Category(NamedTuple):
    """A category of shapes.

    Args:
        name: the name of the category.
        make: makes a shape from random choices.
        parts: the names of the parts that its shapes may have; a shape need not have all of them.
    """

    name: str
    make: Callable[[RandomChoices], Assembly]
    parts: tuple[str, ...]


CATEGORIES = (
    Category("airplane", airplane, ("fuselage", "wing", "tail", "engine")),
    Category("bed", bed, ("mattress", "frame", "headboard", "footboard", "pillow")),
    Category("bench", bench, ("seat", "back", "leg")),
    Category("bottle", bottle, ("body", "neck", "cap")),
    Category("bowl", bowl, ("wall", "rim", "foot")),
    Category("bus", bus, ("body", "wheel", "roof unit", "mirror")),
    Category("car", car, ("body", "cabin", "wheel", "mirror")),
    Category("chair", chair, ("seat", "back", "leg", "arm")),
    Category("guitar", guitar, ("body", "neck", "head", "bridge")),
    Category("lamp", lamp, ("base", "pole", "shade")),
    Category("mug", mug, ("wall", "handle", "saucer")),
    Category("rocket", rocket, ("body", "nose", "fin", "booster", "nozzle")),
    Category("shelf", shelf, ("board", "upright", "back", "door")),
    Category("ship", ship, ("hull", "superstructure", "funnel", "cargo", "mast", "sail")),
    Category("sofa", sofa, ("base", "cushion", "back", "arm")),
    Category("stool", stool, ("seat", "leg", "foot rest")),
    Category("table", table, ("top", "leg", "drawer")),
    Category("teapot", teapot, ("body", "lid", "spout", "handle")),
    Category("truck", truck, ("cab", "chassis", "load", "wheel")),
    Category("vase", vase, ("wall", "foot", "handle")),
)
