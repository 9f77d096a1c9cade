"""The built-in data set: furniture, vessels and vehicles made from random parameters, with part labels."""

from __future__ import annotations

from typing import Any

import numpy as np

from conclu_pyg.data.base import PointCloudDataset, PointCloudSplit
from conclu_pyg.datasets.shapes.catalog import CATEGORIES
from conclu_pyg.datasets.shapes.dice import Dice
from conclu_pyg.datasets.shapes.mesh import Mesh, rotation
from conclu_pyg.datasets.shapes.scan import scan
from conclu_pyg.errors import ConfigError
from conclu_pyg.progress import progress_bar
from conclu_pyg.registry import DATASETS


@DATASETS.register_module()
class ParametricShapes(PointCloudDataset):
    """Clouds of parametric shapes, z up, that are made when they are first asked for; nothing is read or downloaded.

    Shape ``i`` of a split depends on the seed, the split and ``i`` alone: asking for more shapes adds to those that
    there were. Shape ``i`` is of category ``i`` modulo the number of categories, so every category is equally often
    there. The points are drawn from the surface by area, before the views are taken.

    Args:
        num_shapes: how many clouds the split ``train`` has.
        num_test_shapes: how many clouds the split ``test`` has.
        num_points: how many points each cloud has.
        seed: other seeds give other shapes.
        stretch: each axis of a shape is stretched by a random factor between 1/stretch and stretch (1: none).
        rotation: each shape is turned about the vertical by a random angle up to this many degrees (180: any).
        noise: standard deviation of each coordinate's error, as a share of the shape's radius.
        density: how uneven the points lie: up to exp(density) times as dense on one side as on the other (0: even).
        one_sided: probability that a cloud has only what is seen from one side.
        transform: what is done to every cloud when it is read (default: unit-sphere normalisation).

    Attributes:
        part_names: the name of each part, such as ``chair/leg``, by part label.
        category_to_parts: the part labels of each category, by its name.

    Raises:
        ConfigError: a value that no shape can be made with.
    """

    up_axis = 2

    def __init__(
        self,
        num_shapes: int = 2048,
        num_test_shapes: int = 512,
        num_points: int = 1024,
        seed: int = 0,
        stretch: float = 2.0,
        rotation: float = 30.0,
        noise: float = 0.02,
        density: float = 1.5,
        one_sided: float = 0.5,
        transform: list[dict[str, Any]] | None = None,
    ) -> None:
        super().__init__(transform)
        _check_at_least("num_shapes", num_shapes, len(CATEGORIES), ", one shape of each category")
        _check_at_least("num_test_shapes", num_test_shapes, len(CATEGORIES), ", one shape of each category")
        _check_at_least("num_points", num_points, 1)
        _check_at_least("seed", seed, 0)
        _check_at_least("stretch", stretch, 1.0, "; 1 stretches nothing")
        for key, value in (("rotation", rotation), ("noise", noise), ("density", density), ("one_sided", one_sided)):
            _check_at_least(key, value, 0.0, "; 0 switches it off")
        if one_sided > 1:
            raise ConfigError(f"ParametricShapes takes one_sided, a probability, of at most 1, found {one_sided}.")
        self.sizes = {"train": num_shapes, "test": num_test_shapes}
        self.num_points, self.seed = num_points, seed
        self.stretch, self.rotation = stretch, rotation
        self.noise, self.density, self.one_sided = noise, density, one_sided

        self.label_to_names = {label: category.name for label, category in enumerate(CATEGORIES)}
        self.part_names = [f"{category.name}/{part}" for category in CATEGORIES for part in category.parts]
        self.num_parts = len(self.part_names)
        labels = {name: label for label, name in enumerate(self.part_names)}
        self._part_ids = [{part: labels[f"{c.name}/{part}"] for part in c.parts} for c in CATEGORIES]
        self.category_to_parts = {
            category.name: list(ids.values()) for category, ids in zip(CATEGORIES, self._part_ids, strict=True)
        }

    def make(self, split: str, index: int) -> tuple[np.ndarray, np.ndarray, int]:
        """Makes one cloud; ``index`` has no upper limit.

        Shapes:
            - **output:** the points, float32 ``[num_points, 3]``, the part of each, int64 ``[num_points]``, the class
        """
        rng = np.random.default_rng(np.random.SeedSequence([self.seed, self.splits.index(split), index]))
        label = index % len(CATEGORIES)
        mesh, face_part = CATEGORIES[label].make(Dice(rng)).merged(self._part_ids[label])
        scale = np.exp(np.log(self.stretch) * rng.uniform(-1, 1, size=3))
        turn = rotation("z", self.rotation * rng.uniform(-1, 1))
        mesh = Mesh(mesh.vertices * scale @ turn.T, mesh.faces)
        one_sided = bool(rng.random() < self.one_sided)
        density = self.density * rng.random()
        points, face = scan(mesh, self.num_points, rng, one_sided=one_sided, density=density, noise=self.noise)
        return points.astype(np.float32), face_part[face], label

    def _load_split(self, split: str) -> PointCloudSplit:
        count = self.sizes[split]
        pos = np.empty((count, self.num_points, 3), dtype=np.float32)
        part = np.empty((count, self.num_points), dtype=np.int64)
        y = np.empty(count, dtype=np.int64)
        with progress_bar(f"Making {self.name} {split}", count) as bar:
            for index in range(count):
                pos[index], part[index], y[index] = self.make(split, index)
                bar.update()
        names = [f"{self.label_to_names[int(label)]}/{index:04d}" for index, label in enumerate(y)]
        return PointCloudSplit(pos, y, names, list(self.label_to_names.values()), part=part, transform=self.transform)


def _check_at_least(key: str, value: float, least: float, why: str = "") -> None:
    if not value >= least:  # not `value < least`, which lets NaN pass
        raise ConfigError(f"ParametricShapes takes {key} of at least {least}{why}, found {value}.")
