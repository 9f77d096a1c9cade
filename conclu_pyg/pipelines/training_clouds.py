"""The training split as methods and tasks get it: with the position of each cloud, for methods without labels."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.data import Dataset, Subset
from torch_geometric.data import Batch, Data

from conclu_pyg.data.base import PointCloudSplit
from conclu_pyg.data.map_split import map_split
from conclu_pyg.transforms.clouds import set_cloud_attribute, set_point_attribute, without_attributes


class NumberedClouds(Dataset[Data]):
    """Reads batches of a split with ``cloud_id [B]``, the position of each cloud in the split.

    Args:
        split: the clouds.
    """

    removed: ClassVar[Sequence[str]] = ()  # attributes that are not read

    def __init__(self, split: PointCloudSplit) -> None:
        self.split = split

    @property
    def names(self) -> Sequence[str]:
        return self.split.names

    def __len__(self) -> int:
        return len(self.split)

    def __getitem__(self, index: int) -> Data:
        data = without_attributes(self.split[index], *self.removed)
        set_cloud_attribute(data, "cloud_id", torch.tensor([index]))
        return data

    def __getitems__(self, indices: Sequence[int] | Tensor) -> Batch:
        """Reads the clouds of ``indices`` as one batch: what PyTorch's data loader calls for a batch of indices."""
        clouds = without_attributes(self.split.__getitems__(indices), *self.removed)
        set_cloud_attribute(clouds, "cloud_id", torch.as_tensor(indices))
        return clouds


class UnlabelledClouds(NumberedClouds):
    """Reads batches of a split without ``y`` and ``part``, and with ``cloud_id [B]``. If the split has sequences, each
    point also has ``other_frame [M, 3]``, a point of another frame of its cloud's sequence, in the order of that frame.

    Args:
        split: the clouds.
    """

    removed = ("y", "part")

    def __init__(self, split: PointCloudSplit) -> None:
        super().__init__(split)
        self.other_frames = split.other_frames()

    def __getitem__(self, index: int) -> Data:
        data = super().__getitem__(index)
        if self.other_frames is not None:
            set_point_attribute(data, "other_frame", self.split[int(self.other_frames[index])].pos)
        return data

    def __getitems__(self, indices: Sequence[int] | Tensor) -> Batch:
        clouds = super().__getitems__(indices)
        if self.other_frames is not None:
            others = self.other_frames[np.asarray(indices)]
            set_point_attribute(clouds, "other_frame", self.split.__getitems__(others).pos)
        return clouds


class SpacedClouds(Subset[Data]):
    """A few clouds, evenly spaced in a split.

    Args:
        clouds: of the split.
        size: the largest number of clouds.
    """

    def __init__(self, clouds: NumberedClouds, size: int) -> None:
        super().__init__(clouds, torch.linspace(0, len(clouds) - 1, min(size, len(clouds))).long().tolist())
        self.names = [clouds.names[index] for index in self.indices]


class CleanClouds:
    """Implements :class:`~conclu_pyg.methods.base.TrainingData` for a split.

    Args:
        method: in evaluation mode while clouds are mapped.
        clouds: the training clouds.
        device: the method's.
        batch_size: clouds that are mapped at a time.
    """

    def __init__(
        self, method: nn.Module, clouds: UnlabelledClouds | SpacedClouds, device: torch.device, batch_size: int
    ) -> None:
        self.method, self.device, self.num_clouds = method, device, len(clouds)
        self._clouds: Any = clouds
        self._batch_size = batch_size

    def map(self, function: Callable[[Batch], Tensor]) -> Tensor:
        """Return ``function`` of every clean cloud, in the order of ``cloud_id``, on the CPU.

        Raises:
            ConcluError: a value is not finite.
        """
        rows = map_split(self.method, function, self._clouds, self.device, self._batch_size, "training clouds")
        return torch.from_numpy(rows)
