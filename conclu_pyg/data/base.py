"""The interface of data sets: named splits, each one array of clouds that can be memory-mapped."""

from __future__ import annotations

import copy
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from functools import cached_property
from types import MappingProxyType
from typing import Any, ClassVar

import numpy as np
import torch
from torch.utils.data import Dataset
from torch_geometric.data import Batch, Data
from torch_geometric.transforms import Compose

from conclu_pyg.data.batch import batch_clouds
from conclu_pyg.data.labels import Labels
from conclu_pyg.data.lazy_rows import LazyRows, Rows
from conclu_pyg.data.names import Names
from conclu_pyg.data.part_labels import check_part_labels
from conclu_pyg.errors import DataError
from conclu_pyg.registry import TRANSFORMS
from conclu_pyg.text import pluralize
from conclu_pyg.transforms import compose
from conclu_pyg.transforms.change_up_axis import ChangeUpAxis

DEFAULT_TRANSFORM: Sequence[Mapping[str, Any]] = ({"name": "NormalizeUnitSphere"},)


class PointCloudSplit(Dataset[Data]):
    """The clouds of one split, read as PyG data one at a time or a whole batch at once.

    Args:
        pos: coordinates; a memory map is read only where it is indexed.
        y: the class of each cloud.
        names: the name of each cloud in messages and predictions, such as ``chair/chair_0001``.
        classes: the name of each class.
        part: the part of each point (default: the data set has no parts).
        transform: applied to every ``Data`` and ``Batch`` that is read (default: none).
        sequence: the sequence of each cloud, for frames of one object: clouds of the same number are its frames, in
            the order of time. Methods such as :class:`~conclu_pyg.methods.strl.STRL` pair them (default: no sequences).

    Shapes:
        - **pos:** float32 ``[n, N, 3]``, **y:** integers ``[n]``, **part:** integers ``[n, N]``; labels are read as
          int64; **sequence:** integers ``[n]``

    Raises:
        DataError: the arrays have other shapes or number types, or different lengths, or a label has no class.
    """

    def __init__(
        self,
        pos: np.ndarray | Rows,
        y: np.ndarray,
        names: Sequence[str],
        classes: Sequence[str],
        *,
        part: np.ndarray | Rows | None = None,
        transform: Compose | None = None,
        sequence: np.ndarray | None = None,
    ) -> None:
        if pos.ndim != 3 or pos.shape[2] != 3 or pos.dtype.kind != "f":
            raise DataError(
                f"pos of a split: expected floats of shape [clouds, points, 3], got {pos.dtype} of shape "
                f"{list(pos.shape)}; keep x, y and z only: pos[..., :3].astype(np.float32).",
                argument="pos",
                got=(pos.dtype, pos.shape),
            )
        if y.ndim != 1 or y.dtype.kind not in "iu" or not ((y >= 0) & (y < len(classes))).all():
            values = f" and values {y.min()} to {y.max()}" if y.size and y.dtype.kind in "iuf" else ""
            raise DataError(
                f"y of a split: expected integers of shape [clouds] from 0 to {len(classes) - 1} ({len(classes)} "
                f"classes), got {y.dtype} of shape {list(y.shape)}{values}; number the labels in the order of the "
                f"classes.",
                argument="y",
                got=(y.dtype, y.shape),
            )
        if not len(pos) == len(y) == len(names):
            raise DataError(
                f"a split needs one label and one name for each cloud, got {len(pos)} clouds, {len(y)} labels and "
                f"{len(names)} names.",
                got=len(pos),
            )
        if part is not None and (part.shape != pos.shape[:2] or part.dtype.kind not in "iu"):
            raise DataError(
                f"part of a split: expected integers of shape {list(pos.shape[:2])}, got {part.dtype} of shape "
                f"{list(part.shape)}.",
                argument="part",
                got=(part.dtype, part.shape),
            )
        if sequence is not None and (sequence.shape != y.shape or sequence.dtype.kind not in "iu"):
            raise DataError(
                f"sequence of a split: expected integers of shape {list(y.shape)}, got {sequence.dtype} of shape "
                f"{list(sequence.shape)}.",
                argument="sequence",
                got=(sequence.dtype, sequence.shape),
            )
        self.sequence = sequence
        self.pos, self.y, self.part = pos, y.astype(np.int64, copy=False), part
        self.names, self.classes = Names.of(names), list(classes)
        self.transform = transform

    def __len__(self) -> int:
        return len(self.pos)

    def __getitem__(self, index: int) -> Data:
        data = Data(pos=torch.from_numpy(np.array(self.pos[index])), y=torch.from_numpy(self.y[[index]]))
        if self.part is not None:
            data.part = torch.from_numpy(np.array(self.part[index], dtype=np.int64))
        return data if self.transform is None else self.transform(data)

    def __getitems__(self, indices: Sequence[int] | torch.Tensor) -> Batch:
        """Reads the clouds of ``indices`` as one batch; PyTorch's data loader calls this for a batch of indices."""
        rows = np.asarray(indices)
        batch = batch_clouds(
            torch.from_numpy(np.asarray(self.pos[rows])),
            y=torch.from_numpy(self.y[rows]),
            part=None if self.part is None else torch.from_numpy(self.part[rows].astype(np.int64, copy=False)),
        )
        return batch if self.transform is None else self.transform(batch)

    def subset(self, indices: np.ndarray) -> PointCloudSplit:
        """Returns the clouds of ``indices``, or of a mask, as a split; points are read when it is indexed."""
        rows = np.arange(len(self))[indices]
        return PointCloudSplit(
            LazyRows(self.pos, rows),
            self.y[rows],
            self.names[rows],
            self.classes,
            part=None if self.part is None else LazyRows(self.part, rows),
            transform=self.transform,
            sequence=None if self.sequence is None else self.sequence[rows],
        )

    def other_frames(self) -> np.ndarray | None:
        """Returns the position of another frame of each cloud's sequence: the next one, for the last frame the one
        before, and the cloud itself in a sequence of one frame; ``None`` without sequences.

        Shapes:
            - **output:** int64 ``[n]``
        """
        if self.sequence is None:
            return None
        order = np.argsort(self.sequence, kind="stable")
        same = np.diff(self.sequence[order]) == 0  # (n - 1,): each frame and the one that follows it
        places = np.arange(len(order))
        has_next, has_previous = np.append(same, False)[: len(order)], np.append(False, same)[: len(order)]
        other = np.empty_like(order)
        other[order] = order[np.where(has_next, places + 1, np.where(has_previous, places - 1, places)) % len(order)]
        return other

    def with_up_axis(self, source: int, target: int) -> PointCloudSplit:
        """Returns the same clouds, rotated when they are read so that another coordinate points up.

        Args:
            source: the coordinate that points up in this split: 0, 1 or 2.
            target: the coordinate that is to point up.
        """
        if source == target:
            return self
        turn = ChangeUpAxis(source, target)
        split = copy.copy(self)
        split.transform = Compose([turn] if self.transform is None else [self.transform, turn])
        return split

    def __repr__(self) -> str:
        sizes = f"{len(self)} clouds of {self.pos.shape[1]} points, {pluralize(len(self.classes), 'class', 'classes')}"
        return f"{type(self).__name__}({sizes})"


class PointCloudDataset(ABC):
    """A data set with the splits ``train`` and ``test``, each read on first use.

    Args:
        transform: the transforms of every cloud that is read, as configs for :data:`~conclu_pyg.TRANSFORMS` (default:
            unit-sphere normalisation).

    Attributes:
        up_axis: the coordinate that points up: 0, 1 or 2.
        label_to_names: the name of each class, by label (the name that Open3D-ML uses).
        num_parts: the number of part labels (0: no part labels).
        part_names: the name of each part, such as ``chair/leg``, by part label.
        category_to_parts: the part labels of each class, by the name of the class.
        reads_pickles: whether its files can run code, so that it is not opened for a run from elsewhere.
    """

    components: ClassVar = {"transform": TRANSFORMS}
    reads_pickles: ClassVar[bool] = False
    splits: tuple[str, ...] = ("train", "test")
    up_axis: int
    label_to_names: dict[int, str]
    num_parts: int = 0
    part_names: Sequence[str] = ()
    category_to_parts: Mapping[str, Sequence[int]] = MappingProxyType({})

    def __init__(self, transform: list[dict[str, Any]] | None = None) -> None:
        self._steps = DEFAULT_TRANSFORM if transform is None else transform
        compose(self._steps, up_axis=2)  # with any axis, to reject a wrong config before the data are opened
        self._read: dict[str, PointCloudSplit] = {}

    @property
    def transform_steps(self) -> list[dict[str, Any]]:
        """The configs of the transforms of every cloud that is read."""
        return [dict(step) for step in self._steps]

    @cached_property
    def transform(self) -> Compose:
        """The transform of every cloud that is read, built on first use, when the up axis is known."""
        return self.transform_for(self.up_axis)

    def transform_for(self, up_axis: int) -> Compose:
        """Returns the same transform for clouds that were rotated to another up axis."""
        return compose(self._steps, up_axis=up_axis)

    @property
    def name(self) -> str:
        """The name of the data set in records and tables."""
        return type(self).__name__

    @property
    def labels(self) -> Labels:
        """The names of the classes and, if there are parts, of the parts of each class."""
        classes = [name for _, name in sorted(self.label_to_names.items())]
        return Labels.of(classes, self.part_names, self.category_to_parts)

    def class_label(self, name: str) -> int:
        """Returns the label of the class ``name``.

        Raises:
            DataError: there is no such class.
        """
        for label, known in self.label_to_names.items():
            if known == name:
                return label
        raise DataError(
            f"{self.name} has no class {name!r}; its classes are {', '.join(self.label_to_names.values()) or 'none'}.",
            argument="class",
            got=name,
        )

    def get_split(self, split: str, up_axis: int | None = None) -> PointCloudSplit:
        """Returns the clouds of ``split``.

        Args:
            split: one of :attr:`splits`.
            up_axis: the coordinate that is to point up: 0, 1 or 2 (default: that of the data set). Clouds are rotated
                when they are read; their heading about the up axis is left as it is.

        Raises:
            DataError: there is no such split, its files cannot be used, or a point has a part that its class does not
                have.
        """
        if split not in self.splits:
            raise DataError(
                f"{self.name} has no split {split!r}; it has {', '.join(self.splits)}.", argument="split", got=split
            )
        if split not in self._read:
            read = self._load_split(split)
            if read.part is not None and self.part_names:
                self._check_parts(read, read.part, f"{self.name}, split {split}")
            self._read[split] = read
        read = self._read[split]
        return read if up_axis is None else read.with_up_axis(self.up_axis, up_axis)

    def _check_parts(self, read: PointCloudSplit, part: np.ndarray | Rows, source: str) -> None:
        labels = self.labels
        if read.classes != list(labels.classes):
            raise DataError(
                f"{source}: its classes are {read.classes!r:.80}, but label_to_names has "
                f"{list(labels.classes)!r:.80}; list them in the same order.",
                file=source,
            )
        check_part_labels(part, read.y, read.names, labels, source)

    @abstractmethod
    def _load_split(self, split: str) -> PointCloudSplit:
        """Reads one split; called once for each split."""

    def __repr__(self) -> str:
        return f"{self.name}(up_axis={'xyz'[self.up_axis]!r}, {len(self.label_to_names)} classes)"
