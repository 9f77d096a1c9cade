"""The built-in data set: furniture, containers and vehicles made from random parameters, with part labels."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Any

import numpy as np
from annotated_types import Ge

from conclu_pyg.arguments import validated
from conclu_pyg.constraints import NonNegativeFloat, NonNegativeInt, PositiveInt, Probability
from conclu_pyg.data.base import PointCloudDataset, PointCloudSplit
from conclu_pyg.data.generated_rows import Field, Generated
from conclu_pyg.data.lazy_rows import Rows
from conclu_pyg.datasets.shapes.catalog import CATEGORIES
from conclu_pyg.datasets.shapes.mesh import rotation
from conclu_pyg.datasets.shapes.random_choices import RandomChoices
from conclu_pyg.datasets.shapes.scan import scan
from conclu_pyg.registry import DATASETS

OneOfEachCategory = Annotated[int, Ge(len(CATEGORIES))]


@DATASETS.register_module()
class ParametricShapes(PointCloudDataset):
    """Clouds of parametric shapes, z up, each generated when it is first read; nothing is downloaded.

    Shape ``i`` of a split depends only on the seed, the split and ``i``: a larger data set contains the smaller one.
    Shape ``i`` is of category ``i`` modulo the number of categories, so all categories are equally frequent. The points
    are sampled from the surface by area.

    Args:
        num_shapes: clouds in the split ``train``.
        num_test_shapes: clouds in the split ``test``.
        num_points: points in each cloud.
        seed: the seed of the shapes.
        stretch: each axis of a shape is stretched by a random factor between 1/stretch and stretch (1: none).
        rotation: each shape is rotated about the up axis by a random angle of up to this many degrees (180: any).
        noise: standard deviation of each coordinate's error, as a fraction of half the bounding box's diagonal.
        density: points are up to exp(density) times as dense on one side as on the other (0: uniform).
        one_sided: probability that a cloud has only the points that are visible from one side.
        transform: transforms of every cloud that is read (default: unit-sphere normalisation).

    Attributes:
        part_names: the name of each part, such as ``chair/leg``, by part label.
        category_to_parts: the part labels of each category, by its name.

    Raises:
        ArgumentError: a value is out of range.
    """

    up_axis = 2

    @validated
    def __init__(
        self,
        num_shapes: OneOfEachCategory = 2048,
        num_test_shapes: OneOfEachCategory = 512,
        num_points: PositiveInt = 1024,
        seed: NonNegativeInt = 0,
        stretch: Annotated[float, Ge(1)] = 2.0,
        rotation: NonNegativeFloat = 30.0,
        noise: NonNegativeFloat = 0.02,
        density: NonNegativeFloat = 1.5,
        one_sided: Probability = 0.5,
        transform: list[dict[str, Any]] | None = None,
    ) -> None:
        super().__init__(transform)
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
        mesh, face_part = CATEGORIES[label].make(RandomChoices(rng)).merged(self._part_ids[label])
        scale = np.exp(np.log(self.stretch) * rng.uniform(-1, 1, size=3))
        turn = rotation("z", self.rotation * rng.uniform(-1, 1))
        mesh = mesh._replace(vertices=mesh.vertices * scale @ turn.T)
        one_sided = bool(rng.random() < self.one_sided)
        density = self.density * rng.random()
        points, face = scan(mesh, self.num_points, rng, one_sided=one_sided, density=density, noise=self.noise)
        return points.astype(np.float32), face_part[face], label

    def _load_split(self, split: str) -> PointCloudSplit:
        fields = {"pos": Field((self.num_points, 3), np.float32), "part": Field((self.num_points,), np.int64)}
        generated = Generated(partial(self._rows, split), self.sizes[split], fields)
        y = np.arange(self.sizes[split]) % len(CATEGORIES)
        names = [f"{self.label_to_names[label]}/{index:04d}" for index, label in enumerate(y.tolist())]
        return PointCloudSplit(
            generated.rows("pos"),
            y,
            names,
            list(self.label_to_names.values()),
            part=generated.rows("part"),
            transform=self.transform,
        )

    def _check_parts(self, read: PointCloudSplit, part: np.ndarray | Rows, source: str) -> None:
        """Checks nothing: it would generate all clouds, whose labels are those of their category by construction."""

    def _rows(self, split: str, index: int) -> dict[str, np.ndarray]:
        points, part, _ = self.make(split, index)
        return {"pos": points, "part": part}
