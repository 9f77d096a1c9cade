"""Inference of the parts of each class from the labels of the training shapes."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from conclu_pyg.data.cache import CacheKey, cached_json
from conclu_pyg.data.clean import RawCloud
from conclu_pyg.data.labels import format_labels
from conclu_pyg.datasets.formats.part_table import HINT, PartTable
from conclu_pyg.datasets.formats.parts import PartFormat
from conclu_pyg.errors import ConcluWarning, DataError
from conclu_pyg.progress import track

MAX_PARTS = 10_000  # labels must be below it


def infer_parts(files: PartFormat, title: str, cache_dir: str | Path | None) -> PartTable:
    """Returns the parts that the training shapes of each class have.

    The files of the split ``train`` are read once and the result is cached. A label that no training shape has belongs
    to no class: it would count as correct in the mean IoU of every shape. If labels count from 1 within each class, a
    warning reports such gaps.

    Args:
        files: the folder.
        title: the data set, for the progress bar and the entry's name.
        cache_dir: the folder of the cache (default: the user's cache folder).

    Raises:
        DataError: a label is not a part number, two classes share a part, or a class has no training shapes.
    """
    values = (files.title, str(files.folder.resolve()), *files.classes)
    key = CacheKey(f"{title} parts", values, files.folder, files.files("train"))
    seen = cached_json(key, lambda: _labels_by_class(files, title), cache_dir)
    if not any(seen):
        raise DataError(
            f"the training shapes of {files.folder} have no part labels, from which the parts are inferred; restore "
            f"the release."
        )
    source = f"the training shapes of {files.folder}"
    if files.within_classes:
        _warn_of_gaps(files.classes, seen, source)
        return PartTable.within_classes(files.classes, seen, source)
    owners: list[int | None] = [None] * (1 + max(label for labels in seen for label in labels))
    for owner, labels in enumerate(seen):
        for label in labels:
            owners[label] = owner
    names = [f"{'unseen' if owner is None else files.classes[owner]}/{label}" for label, owner in enumerate(owners)]
    return PartTable.overall(files.classes, names, owners, source)


def _warn_of_gaps(classes: Sequence[str], seen: Sequence[Sequence[int]], source: str) -> None:
    for name, labels in zip(classes, seen, strict=True):
        missing = sorted({*range(1, max(labels, default=0))} - {*labels})
        if missing:
            warnings.warn(
                f"none of {source} has the part {format_labels(missing)} of {name}, although there is a part "
                f"{max(labels)}: {name} has only the parts {format_labels(labels)}.",
                ConcluWarning,
                stacklevel=2,
            )


def _labels_by_class(files: PartFormat, title: str) -> list[list[int]]:
    """Returns the labels that the training shapes of each class have, ascending."""
    seen: list[set[int]] = [set() for _ in files.classes]
    first: dict[int, RawCloud] = {}  # the first cloud with each label
    for cloud in track(files.read("train", 1, 0), f"Looking for the parts of {title}", files.count("train")):
        for label in _labels_of(cloud, least=int(files.within_classes)):
            other = first.setdefault(label, cloud)
            if other.label != cloud.label and not files.within_classes:
                raise DataError(
                    f"{cloud.source} ({files.classes[cloud.label]}) and {other.source} "
                    f"({files.classes[other.label]}) both have the part label {label}, but a part belongs to one "
                    f"category; restore the wrong file or remove it from the data set.",
                    file=cloud.source,
                )
            seen[cloud.label].add(label)
    return [sorted(labels) for labels in seen]


def _labels_of(cloud: RawCloud, least: int) -> list[int]:
    """Returns the distinct part labels of a cloud."""
    part = np.unique(np.zeros(0) if cloud.part is None else cloud.part)
    wrong = part[~((part >= least) & (part < MAX_PARTS) & (part == np.floor(part)))]
    if len(wrong):
        raise DataError(
            f"{cloud.source}: part labels must be integers from {least} to {MAX_PARTS - 1:,}, got {wrong[0]:g}; "
            f"{HINT}.",
            file=cloud.source,
            got=float(wrong[0]),
        )
    return [int(label) for label in part]
