"""ModelNet10 and ModelNet40, in whichever of their published layouts they lie in a folder."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any, Literal

from conclu_pyg.data.base import PointCloudDataset, PointCloudSplit
from conclu_pyg.data.cache import Recipe, cached_split
from conclu_pyg.data.layouts import LAYOUTS, Layout, LayoutOptions
from conclu_pyg.errors import DataError
from conclu_pyg.registry import DATASETS

log = logging.getLogger(__name__)


@DATASETS.register_module()
class ModelNet(PointCloudDataset):
    """ModelNet10 or ModelNet40 (Wu et al., "3D ShapeNets", CVPR 2015).

    The layout is found by looking at the folder; each is described in :mod:`conclu_pyg.data.layouts`.

    Args:
        dataset_path: the folder (default: ``data/modelnet40``).
        num_points: how many points each cloud has: sampled from the surface where the files hold meshes, chosen at
            random where they hold more points. Where no cloud has so many, all are used (default: 2048).
        seed: of the sampling and the choice; each shape has its own random numbers (default: 0).
        vertical_axis: ``x``, ``y`` or ``z``, or ``auto`` for the layout's own (default: ``auto``).
        cache_dir: where the arrays are kept (default: the user's cache folder).
        transform: see :class:`~conclu_pyg.data.base.PointCloudDataset` (default: unit-sphere normalisation).

    Raises:
        DataError: nothing usable at ``dataset_path``; the message says what was looked for, found and is to be done.
    """

    def __init__(
        self,
        dataset_path: str = "data/modelnet40",
        num_points: int = 2048,
        seed: int = 0,
        vertical_axis: Literal["auto", "x", "y", "z"] = "auto",
        cache_dir: str | None = None,
        transform: list[dict[str, Any]] | None = None,
    ) -> None:
        super().__init__(transform)
        self.num_points, self.seed, self.cache_dir = num_points, seed, cache_dir
        self.layout = _find_layout(Path(dataset_path).expanduser(), LayoutOptions())
        self.label_to_names = dict(enumerate(self.layout.classes))
        self.vertical_axis = self.layout.vertical_axis if vertical_axis == "auto" else "xyz".index(vertical_axis)

    @property
    def name(self) -> str:
        """``ModelNet10`` or ``ModelNet40`` by the number of classes, or ``ModelNet``."""
        return f"ModelNet{len(self.label_to_names)}" if len(self.label_to_names) in (10, 40) else "ModelNet"

    def _load_split(self, split: str) -> PointCloudSplit:
        layout = self.layout
        recipe = Recipe(
            title=f"{self.name} {split}",
            identity=(layout.title, str(layout.folder.resolve()), *layout.classes),
            files=layout.files(split),
            num_points=self.num_points,
            seed=self.seed,
            count=lambda: layout.count(split),
            clouds=lambda: layout.read(split, self.num_points, self.seed),
        )
        cached = cached_split(recipe, self.cache_dir)
        for notice in (*layout.notices(split), *cached.notices):
            log.warning(notice)
        return PointCloudSplit(cached.pos, cached.y, cached.names, layout.classes, transform=self.transform)


def _find_layout(folder: Path, options: LayoutOptions) -> Layout:
    for layout in LAYOUTS:
        if layout.matches(folder):
            return layout(folder, options)
    raise DataError(f"{folder} holds no ModelNet")
