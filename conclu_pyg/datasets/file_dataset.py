"""A data set that is read from a folder, in one of the layouts in which it is published, and kept in the cache."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Generic, Literal, TypeVar

from conclu_pyg.data.base import PointCloudDataset, PointCloudSplit
from conclu_pyg.data.cache import Recipe, cached_split
from conclu_pyg.datasets.layouts import Family, Layout, LayoutOptions, RawCloud, find_layout
from conclu_pyg.errors import ConcluWarning, ConfigError

MAX_POINTS = 1_000_000

L = TypeVar("L", bound=Layout)


class ReleasedDataset(PointCloudDataset, Generic[L]):
    """What data sets of published files have in common; after this is made, :meth:`_find` finds the files.

    Args:
        num_points: how many points each cloud has.
        seed: of sampling and choice, not negative.
        cache_dir: where the arrays are kept (default: the user's cache folder, ``~/.cache/conclu_pyg`` on Linux).
        transform: what is done to every cloud when it is read (default: unit-sphere normalisation).

    Attributes:
        layout: the layout that was found.
        has_parts: whether the points have part labels.

    Raises:
        ConfigError: a number of points or a seed that cannot be.
    """

    has_parts = False
    layout: L

    def __init__(
        self, *, num_points: int, seed: int, cache_dir: str | None, transform: list[dict[str, Any]] | None
    ) -> None:
        super().__init__(transform)
        if not 1 <= num_points <= MAX_POINTS:
            raise ConfigError(f"dataset.num_points must be 1 to {MAX_POINTS:,}, found {num_points}.")
        if seed < 0:
            raise ConfigError(f"dataset.seed must not be negative, found {seed}.")
        self.num_points, self.seed, self.cache_dir = num_points, seed, cache_dir

    def _find(
        self, family: Family[L], folder: Path, options: LayoutOptions, up_axis: Literal["auto", "x", "y", "z"]
    ) -> None:
        """Finds the layout in ``folder``, and what it says of the classes and, for ``auto``, of the vertical axis.

        Raises:
            DataError: nothing usable there; the message says what was looked for, found and is to be done.
        """
        self.layout = find_layout(folder, options, family)
        self.label_to_names = dict(enumerate(self.layout.classes))
        self.up_axis = self.layout.up_axis if up_axis == "auto" else "xyz".index(up_axis)

    def _identity(self) -> tuple[str, ...]:
        """What an entry of the cache depends on, beside the files, their number of points and the seed."""
        return (self.layout.title, str(self.layout.folder.resolve()), *self.layout.classes)

    def _clouds(self, split: str) -> Iterator[RawCloud]:
        return self.layout.read(split, self.num_points, self.seed)

    def _load_split(self, split: str) -> PointCloudSplit:
        layout = self.layout
        recipe = Recipe(
            title=f"{self.name} {split}",
            identity=self._identity(),
            folder=layout.folder,
            files=layout.files(split),
            num_points=self.num_points,
            seed=self.seed,
            count=lambda: layout.count(split),
            clouds=lambda: self._clouds(split),
            parts=self.has_parts,
        )
        cached = cached_split(recipe, self.cache_dir)
        for notice in (*layout.notices(split), *cached.notices):
            warnings.warn(notice, ConcluWarning, stacklevel=2)
        return PointCloudSplit(
            cached.pos, cached.y, cached.names, layout.classes, part=cached.part, transform=self.transform
        )
