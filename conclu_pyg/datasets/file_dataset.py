"""Base of the data sets that are read from a folder in one of their published formats and kept in the cache."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Generic, Literal, TypeVar

from annotated_types import Ge, Le

from conclu_pyg.data.base import PointCloudDataset, PointCloudSplit
from conclu_pyg.data.cached_split import cached
from conclu_pyg.data.clean import RawCloud
from conclu_pyg.datasets.formats import DatasetFormats, Format, FormatOptions, find_format
from conclu_pyg.errors import ConcluWarning

NumPoints = Annotated[int, Ge(1), Le(1_000_000)]

F = TypeVar("F", bound=Format)


class FileDataset(PointCloudDataset, Generic[F]):
    """A data set of published files. A subclass calls :meth:`_find` at the end of its ``__init__``.

    Args:
        num_points: the number of points in each cloud.
        seed: the seed of sampling and choice, not negative.
        cache_dir: the folder of the cache (default: the user's cache folder, ``~/.cache/conclu_pyg`` on Linux).
        transform: transforms of every cloud that is read (default: unit-sphere normalisation).

    Attributes:
        format: the format that was found in the folder.
        has_parts: whether the points have part labels.
    """

    has_parts = False
    format: F

    def __init__(
        self, *, num_points: int, seed: int, cache_dir: str | None, transform: list[dict[str, Any]] | None
    ) -> None:
        super().__init__(transform)
        self.num_points, self.seed, self.cache_dir = num_points, seed, cache_dir

    def _find(
        self,
        formats: DatasetFormats[F],
        folder: Path,
        options: FormatOptions,
        up_axis: Literal["auto", "x", "y", "z"],
    ) -> None:
        """Finds the format of ``folder``, and with it the classes and, for ``auto``, the up axis.

        Raises:
            DataError: the folder has none of the formats; the message lists the formats, what was found and what to do.
        """
        self.format = find_format(folder, options, formats)
        self.label_to_names = dict(enumerate(self.format.classes))
        self.up_axis = self.format.up_axis if up_axis == "auto" else "xyz".index(up_axis)

    def _load_split(self, split: str) -> PointCloudSplit:
        read = cached(
            self,
            split,
            self._read_clouds(split),
            self.format.files(split),
            folder=self.format.folder,
            num_points=self.num_points,
            count=self.format.count(split),
            seed=self.seed,
            parts=self.has_parts,
            values=self._identity(),
            cache_dir=self.cache_dir,
        )
        for notice in self.format.notices(split):
            warnings.warn(notice, ConcluWarning, stacklevel=2)
        self.format.clear_lists()
        return read

    def _read_clouds(self, split: str) -> Iterator[RawCloud]:
        """Yields the clouds of a split as the files hold them."""
        return self.format.read(split, self.num_points, self.seed)

    def _identity(self) -> tuple[str, ...]:
        """Return what the clouds depend on in addition to the files, classes, number of points and seed."""
        return (self.format.title,)
