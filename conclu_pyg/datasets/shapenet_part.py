"""ShapeNetPart, and other shapes with part labels in one of its formats."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from conclu_pyg.arguments import validated
from conclu_pyg.constraints import NonNegativeInt
from conclu_pyg.data.clean import RawCloud
from conclu_pyg.datasets.file_dataset import FileDataset, NumPoints
from conclu_pyg.datasets.formats import SHAPENET_PART, FormatOptions, PartFormat
from conclu_pyg.datasets.formats.part_table import PartTable
from conclu_pyg.datasets.infer_parts import infer_parts
from conclu_pyg.registry import DATASETS

# Only for the data set's name: the categories and parts are those of the folder.
CATEGORIES = (
    *("Airplane", "Bag", "Cap", "Car", "Chair", "Earphone", "Guitar", "Knife"),
    *("Lamp", "Laptop", "Motorbike", "Mug", "Pistol", "Rocket", "Skateboard", "Table"),
)


@DATASETS.register_module()
class ShapeNetPart(FileDataset[PartFormat]):
    """ShapeNetPart (Yi et al., "A Scalable Active Framework for Region Annotation in 3D Shape Collections", 2016).

    The format is detected in the folder, or in its only subfolder that has one: ``hdf5_data``
    (:class:`~conclu_pyg.datasets.formats.h5_parts.H5Parts`), ``shapenetcore_partanno_segmentation_benchmark_v0``
    (:class:`~conclu_pyg.datasets.formats.synset_tree.SegFiles`) or ``…_v0_normal``
    (:class:`~conclu_pyg.datasets.formats.synset_tree.NormalParts`). Categories and parts are those of the folder, so
    other shapes in these formats can be read too. The two text releases do not list the parts of a category; they are
    inferred from the labels of the training shapes on first use
    (:func:`~conclu_pyg.datasets.infer_parts.infer_parts`).

    Clouds are repaired or rejected by :mod:`conclu_pyg.data.clean`; a point with a part that its category does not have
    is rejected. On first use a split is written to the cache as arrays (:mod:`conclu_pyg.data.cache`).

    The splits are ``train``, ``val`` if the release has it, ``test``, and ``trainval``: ``train`` and ``val`` together,
    on which papers train, or ``train`` alone.

    Args:
        dataset_path: the folder.
        num_points: points in each cloud. Of files with more points, a random choice is taken; clouds with fewer points
            than the largest are filled up by repeating points, with a warning. If no cloud has as many, all have as
            many as the largest, with a warning.
        seed: the seed of the choice, not negative. Each shape has its own random numbers, by its name.
        up_axis: ``x``, ``y`` or ``z``, or ``auto`` for that of the format: y, or measured for h5 files.
        allow_missing: skips listed files that are missing, with a warning, instead of rejecting the folder.
        title: the name of the data set in records and tables (default: ``ShapeNetPart`` if it has the sixteen
            categories of ShapeNetPart, otherwise the folder's name with spaces for underscores).
        cache_dir: the folder of the cache (default: the user's cache folder, ``~/.cache/conclu_pyg`` on Linux).
        transform: transforms of every cloud that is read (default: unit-sphere normalisation).

    Attributes:
        parts: the parts of each category, and their labels in the files.

    Raises:
        ArgumentError: an argument has a wrong type or is out of range.
        DataError: ``dataset_path`` has none of the formats; the message lists what was expected and found.
    """

    has_parts = True

    @validated
    def __init__(
        self,
        dataset_path: str = "data/shapenetpart",
        num_points: NumPoints = 2048,
        seed: NonNegativeInt = 0,
        up_axis: Literal["auto", "x", "y", "z"] = "auto",
        allow_missing: bool = False,
        title: str | None = None,
        cache_dir: str | None = None,
        transform: list[dict[str, Any]] | None = None,
    ) -> None:
        super().__init__(num_points=num_points, seed=seed, cache_dir=cache_dir, transform=transform)
        options = FormatOptions(allow_missing=allow_missing)
        self._find(SHAPENET_PART, Path(dataset_path).expanduser(), options, up_axis)
        self.title = title
        self.splits = self.format.splits

    @property
    def name(self) -> str:
        """The given title, ``ShapeNetPart``, or the folder's name with spaces for underscores."""
        if self.title:
            return self.title
        words = self.format.folder.resolve().name.replace("_", " ").strip()
        return "ShapeNetPart" if set(self.format.classes) == set(CATEGORIES) or not words else words

    @cached_property
    def parts(self) -> PartTable:
        """The parts of each category: read from the folder or, if it does not list them, inferred once and cached."""
        return self.format.listed_parts() or infer_parts(self.format, self.name, self.cache_dir)

    @property
    def num_parts(self) -> int:  # type: ignore[override]
        """The number of part labels."""
        return len(self.parts.labels.parts)

    @property
    def part_names(self) -> Sequence[str]:  # type: ignore[override]
        """The name of each part, such as ``Chair/1``, by part label."""
        return list(self.parts.labels.parts)

    @property
    def category_to_parts(self) -> Mapping[str, Sequence[int]]:  # type: ignore[override]
        """The part labels of each category, by its name."""
        labels = self.parts.labels
        return {name: list(parts) for name, parts in zip(labels.classes, labels.class_parts, strict=True)}

    def _identity(self) -> tuple[str, ...]:
        return (*super()._identity(), repr((self.parts.in_files, self.parts.labels.class_parts)))

    def _read_clouds(self, split: str) -> Iterator[RawCloud]:
        return map(self.parts.relabel, super()._read_clouds(split))
