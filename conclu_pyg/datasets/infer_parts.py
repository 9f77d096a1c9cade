"""Which parts the classes of a data set have, found in the labels of its training shapes."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from conclu_pyg.data.cache_store import cached_finding
from conclu_pyg.data.labels import in_words
from conclu_pyg.datasets.layouts.base import RawCloud
from conclu_pyg.datasets.layouts.part_table import REMEDY, PartTable
from conclu_pyg.datasets.layouts.parts import PartLayout
from conclu_pyg.errors import ConcluWarning, DataError
from conclu_pyg.progress import progress_bar

MAX_PARTS = 10_000  # labels must lie below; what is larger is no number of a part


def learn_parts(layout: PartLayout, title: str, cache_dir: str | Path | None) -> PartTable:
    """The parts that the training shapes of each class have.

    The files of the split ``train`` are read for it once; what was found is kept in the cache. A label that no training
    shape has belongs to no class, for a part that is nowhere would count as a right one in the mean IoU of every shape.
    Where labels count from 1 within each class, such a gap is warned about.

    Args:
        layout: the folder.
        title: the data set, beside the progress bar and in the entry's name.
        cache_dir: where the entry is kept (default: the user's cache folder).

    Raises:
        DataError: a label is no part's number, two classes have the same part, or a class, or all, have no training
            shapes.
    """
    seen = cached_finding(
        f"{title} parts",
        (layout.title, str(layout.folder.resolve()), *layout.classes),
        layout.folder,
        layout.files("train"),
        lambda: _look(layout, title),
        cache_dir,
    )
    if not any(seen):
        raise DataError(
            f"the training lists of {layout.folder} lead to no point with a part label, and which parts there are is "
            "learnt from these; restore the release."
        )
    source = f"the training shapes of {layout.folder}"
    if layout.within_classes:
        _warn_of_gaps(layout.classes, seen, source)
        return PartTable.within_classes(layout.classes, seen, source)
    owners: list[int | None] = [None] * (1 + max(label for labels in seen for label in labels))
    for owner, labels in enumerate(seen):
        for label in labels:
            owners[label] = owner
    names = [f"{'unseen' if owner is None else layout.classes[owner]}/{label}" for label, owner in enumerate(owners)]
    return PartTable.overall(layout.classes, names, owners, source)


def _warn_of_gaps(classes: Sequence[str], seen: Sequence[Sequence[int]], source: str) -> None:
    for name, labels in zip(classes, seen, strict=True):
        missing = sorted({*range(1, max(labels, default=0))} - {*labels})
        if missing:
            warnings.warn(
                f"none of {source} has the part {in_words(missing)} of {name}, though there is a part {max(labels)}: "
                f"{name} has the parts {in_words(labels)} alone.",
                ConcluWarning,
                stacklevel=2,
            )


def _look(layout: PartLayout, title: str) -> list[list[int]]:
    """The labels that the training shapes of each class have, ascending."""
    seen: list[set[int]] = [set() for _ in layout.classes]
    first: dict[int, RawCloud] = {}  # the first cloud with each label
    with progress_bar(f"Looking for the parts of {title}", layout.count("train")) as bar:
        for cloud in layout.read("train", 1, 0):
            for label in _labels(cloud, least=int(layout.within_classes)):
                other = first.setdefault(label, cloud)
                if other.label != cloud.label and not layout.within_classes:
                    raise DataError(
                        f"{cloud.source}, of {layout.classes[cloud.label]}, has the part label {label}, which "
                        f"{other.source}, of {layout.classes[other.label]}, has too, but a part belongs to one "
                        f"category; restore the file that is wrong, or remove it from the data set."
                    )
                seen[cloud.label].add(label)
            bar.update()
    return [sorted(labels) for labels in seen]


def _labels(cloud: RawCloud, least: int) -> list[int]:
    """The part labels that a cloud has, each once."""
    part = np.unique(np.zeros(0) if cloud.part is None else cloud.part)
    wrong = part[~((part >= least) & (part < MAX_PARTS) & (part == np.floor(part)))]
    if len(wrong):
        raise DataError(
            f"{cloud.source} has the part label {wrong[0]:g}, but labels must be whole numbers from {least} to "
            f"{MAX_PARTS - 1:,}; {REMEDY}."
        )
    return [int(label) for label in part]
