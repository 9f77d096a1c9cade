"""The parts of each class, and their numbers in the files of a data set."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from conclu_pyg.data.clean import RawCloud
from conclu_pyg.data.labels import Labels, format_labels
from conclu_pyg.errors import DataError

HINT = "restore the file or remove it from the data set"


@dataclass(frozen=True)
class PartTable:
    """The parts of each class, by the labels of the files and by those of the data set.

    Args:
        labels: the classes and the parts of each, as the data set labels them.
        in_files: for each class, the labels in its files of the parts ``labels.class_parts``, ascending.
        source: where the parts are defined, as words in a sentence.
    """

    labels: Labels
    in_files: tuple[tuple[int, ...], ...]
    source: str

    @classmethod
    def overall(
        cls, classes: Sequence[str], names: Sequence[str], owners: Sequence[int | None], source: str
    ) -> PartTable:
        """Makes the table of files that number all parts from 0.

        Args:
            classes: the name of each class.
            names: the name of each part.
            owners: the class of each part; ``None`` for a label that no class has.
            source: where the parts are defined, as words in a sentence.

        Raises:
            DataError: a class has no parts.
        """
        parts = tuple(tuple(p for p, owner in enumerate(owners) if owner == c) for c in range(len(classes)))
        _check_every_class(classes, parts, source)
        return cls(Labels(tuple(classes), tuple(names), parts), parts, source)

    @classmethod
    def within_classes(cls, classes: Sequence[str], in_files: Sequence[Sequence[int]], source: str) -> PartTable:
        """Makes the table of files that number the parts within each class; the data set numbers them consecutively.

        Args:
            classes: the name of each class.
            in_files: the labels of each class in its files, ascending; other numbers are not parts.
            source: where the parts are defined, as words in a sentence.

        Raises:
            DataError: a class has no parts.
        """
        first = np.cumsum([0, *map(len, in_files)]).tolist()
        parts = tuple(tuple(range(first[c], first[c + 1])) for c in range(len(classes)))
        _check_every_class(classes, parts, source)
        names = tuple(f"{name}/{label}" for name, own in zip(classes, in_files, strict=True) for label in own)
        return cls(Labels(tuple(classes), names, parts), tuple(map(tuple, in_files)), source)

    def relabel(self, cloud: RawCloud) -> RawCloud:
        """Returns the cloud with the labels of the data set instead of those of its file.

        Raises:
            DataError: a point has a part that its class does not have.
        """
        part = np.zeros(0) if cloud.part is None else cloud.part
        known = np.array(self.in_files[cloud.label])
        place = np.searchsorted(known, part).clip(max=len(known) - 1)
        wrong = np.flatnonzero(known[place] != part)  # NaN is unequal to every label
        if len(wrong):
            raise DataError(self._message(cloud, wrong), file=cloud.source, got=float(part[wrong[0]]))
        labels = np.array(self.labels.class_parts[cloud.label])[place]
        return cloud if cloud.part is None else replace(cloud, part=labels)

    def _message(self, cloud: RawCloud, wrong: np.ndarray) -> str:
        assert cloud.part is not None
        known = self.in_files[cloud.label]
        value = cloud.part[wrong[0]]
        overall = self.in_files == self.labels.class_parts
        others = [c for c, parts in enumerate(self.in_files) if overall and value in parts]
        whose = f", a part of {self.labels.classes[others[0]]}" if others else ""
        return (
            f"{cloud.source}: point {wrong[0]} has the part label {value:g}{whose}, but according to {self.source} "
            f"{self.labels.classes[cloud.label]} has the labels {format_labels(known)} ({len(wrong):,} of "
            f"{len(cloud.part):,} points are wrong); {HINT}."
        )


def _check_every_class(classes: Sequence[str], parts: Sequence[Sequence[int]], source: str) -> None:
    for name, own in zip(classes, parts, strict=True):
        if not own:
            raise DataError(
                f"{name} has no parts according to {source}; add them there or remove {name} from the list of "
                f"categories."
            )
