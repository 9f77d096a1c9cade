"""ShapeNetPart, and other shapes with part labels in one of its layouts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from conclu_pyg.datasets.file_dataset import ReleasedDataset
from conclu_pyg.datasets.infer_parts import learn_parts
from conclu_pyg.datasets.layouts import SHAPENET_PART, LayoutOptions, PartLayout, RawCloud
from conclu_pyg.datasets.layouts.part_table import PartTable
from conclu_pyg.registry import DATASETS

# For the name alone: which categories and parts there are, the folder says.
CATEGORIES = (
    *("Airplane", "Bag", "Cap", "Car", "Chair", "Earphone", "Guitar", "Knife"),
    *("Lamp", "Laptop", "Motorbike", "Mug", "Pistol", "Rocket", "Skateboard", "Table"),
)


@DATASETS.register_module()
class ShapeNetPart(ReleasedDataset[PartLayout]):
    """ShapeNetPart (Yi et al., "A Scalable Active Framework for Region Annotation in 3D Shape Collections", 2016).

    The layout is found by looking at the folder, or at its only subfolder that has one: ``hdf5_data``
    (:class:`~conclu_pyg.datasets.layouts.h5_parts.H5Parts`), ``shapenetcore_partanno_segmentation_benchmark_v0``
    (:class:`~conclu_pyg.datasets.layouts.seg_files.SegFiles`) or ``…_v0_normal``
    (:class:`~conclu_pyg.datasets.layouts.normal_parts.NormalParts`). Categories and parts are those of the
    folder, so other shapes in these layouts are read as well. The two releases of text files do not list which parts a
    category has: they are learnt from the labels of the training shapes
    (:func:`~conclu_pyg.datasets.infer_parts.learn_parts`) when they are first asked for.

    What is refused in a cloud and what is mended says :mod:`conclu_pyg.data.clean`; a point with a part that its
    category does not have is refused. A split is built into arrays in the cache when it is first asked for
    (:mod:`conclu_pyg.data.cache`).

    The splits are ``train``, ``val`` where the release has it, ``test``, and ``trainval``: ``train`` and ``val``
    together, on which papers train, or ``train`` alone.

    Args:
        dataset_path: the folder.
        num_points: how many points each cloud has; of files with more, a random choice is taken; clouds with fewer than
            the largest are filled up by repeating points, which is reported. Where no cloud has so many, the clouds
            have as many as the largest, which is reported too.
        seed: of the choice, not negative. Each shape has random numbers of its own, by its name.
        up_axis: ``x``, ``y`` or ``z``, or ``auto`` for the layout's own: y, and of h5 files what is measured.
        allow_missing: goes without files that are listed but not there, and reports how many, where otherwise the
            folder is refused.
        title: what the data set is called in records and tables (default: ``ShapeNetPart`` where it has the sixteen
            categories of that, and otherwise the folder's name in words).
        cache_dir: where the arrays are kept (default: the user's cache folder, ``~/.cache/conclu_pyg`` on Linux).
        transform: what is done to every cloud when it is read (default: unit-sphere normalisation).

    Attributes:
        parts: the table of the parts, with how the files label them.

    Raises:
        DataError: nothing usable at ``dataset_path``; the message says what was looked for, found and is to be done.
    """

    has_parts = True

    def __init__(
        self,
        dataset_path: str = "data/shapenetpart",
        num_points: int = 2048,
        seed: int = 0,
        up_axis: Literal["auto", "x", "y", "z"] = "auto",
        allow_missing: bool = False,
        title: str | None = None,
        cache_dir: str | None = None,
        transform: list[dict[str, Any]] | None = None,
    ) -> None:
        super().__init__(num_points=num_points, seed=seed, cache_dir=cache_dir, transform=transform)
        options = LayoutOptions(allow_missing=allow_missing)
        self._find(SHAPENET_PART, Path(dataset_path).expanduser(), options, up_axis)
        self.title = title
        self.splits = self.layout.splits

    @property
    def name(self) -> str:
        """The title that was given, ``ShapeNetPart``, or the folder's name in words."""
        if self.title:
            return self.title
        words = self.layout.folder.resolve().name.replace("_", " ").strip()
        return "ShapeNetPart" if set(self.layout.classes) == set(CATEGORIES) or not words else words

    @cached_property
    def parts(self) -> PartTable:
        """Which parts each category has: read or, where the folder does not list them, learnt once and kept."""
        return self.layout.listed_parts() or learn_parts(self.layout, self.name, self.cache_dir)

    @property
    def num_parts(self) -> int:  # type: ignore[override]
        """How many part labels there are."""
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

    def _clouds(self, split: str) -> Iterator[RawCloud]:
        return map(self.parts.relabel, super()._clouds(split))
