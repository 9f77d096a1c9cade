"""Clouds for the test suite of encoders: valid ones, and ones that violate the contract of encoders."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor
from torch_geometric.data import Batch


class Clouds(NamedTuple):
    """The arguments of an encoder's call.

    Shapes:
        - **pos:** ``[M, 3]``, **batch:** ``[M]``
    """

    pos: Tensor
    batch: Tensor
    batch_size: int

    @property
    def sizes(self) -> list[int]:
        """Number of points of each cloud."""
        sizes: list[int] = self.batch.bincount(minlength=self.batch_size).tolist()
        return sizes

    def as_batch(self) -> Batch:
        """Return a PyG batch; it may be as invalid as the arguments."""
        return Batch(pos=self.pos, batch=self.batch, ptr=torch.zeros(self.batch_size + 1))  # for Batch.num_graphs only

    def shuffled(self) -> tuple[Clouds, Tensor]:
        """Return the clouds with their points in random order, and that order, ``[M]``."""
        order = torch.randperm(len(self.pos), device=self.pos.device)
        order = order[self.batch[order].argsort(stable=True)]
        return self._replace(pos=self.pos[order]), order

    def split(self) -> list[Clouds]:
        """Return each cloud alone."""
        return [Clouds(pos, torch.zeros_like(self.batch[: len(pos)]), 1) for pos in self.pos.split(self.sizes)]


def random_clouds(num_points: int, dtype: torch.dtype, device: torch.device) -> dict[str, Clouds]:
    """Return batches of three random clouds of at least ``num_points`` points, by a description."""
    batches = {}
    for name, sizes in {
        "clouds of one size": 3 * [num_points],
        "clouds of different sizes": [num_points, num_points + 7, 2 * num_points],
    }.items():
        batch = torch.arange(3).repeat_interleave(torch.tensor(sizes)).to(device)
        batches[name] = Clouds(torch.randn(sum(sizes), 3, dtype=dtype, device=device), batch, 3)
    return batches


def invalid_clouds(clouds: Clouds) -> dict[str, Clouds]:
    """Return inputs that violate the contract of encoders, by the violation.

    Args:
        clouds: valid input, in the dtype and on the device of the encoder.
    """
    pos, batch, size = clouds
    row = torch.arange(len(pos), device=pos.device) == len(pos) // 2  # one point
    other = torch.float if pos.dtype == torch.double else torch.double
    return {
        "a descending batch": Clouds(pos, batch.flip(0), size),
        "interleaved clouds": Clouds(pos, torch.arange(len(pos), device=pos.device) % size, size),
        "an empty cloud": Clouds(pos, batch + (batch > 0), size + 1),
        "negative entries of batch": Clouds(pos, batch - 1, size),
        "a batch of int32": Clouds(pos, batch.int(), size),
        "a batch that is too short": Clouds(pos, batch[:-1], size),
        "a batch on another device": Clouds(pos, batch.to("meta"), size),
        "a batch_size that is too small": Clouds(pos, batch, size - 1),
        "a batch_size that is too large": Clouds(pos, batch, size + 1),
        "a batch_size of 0": Clouds(pos, batch, 0),
        "NaN among the points": Clouds(pos.masked_fill(row[:, None], torch.nan), batch, size),
        "infinity among the points": Clouds(pos.masked_fill(row[:, None], -torch.inf), batch, size),
        "integer points": Clouds(pos.long(), batch, size),
        f"points of {other}": Clouds(pos.to(other), batch, size),
        "points of torch.float16": Clouds(pos.half(), batch, size),
        "points and batch on another device": Clouds(pos.to("meta"), batch.to("meta"), size),
        "points with two coordinates": Clouds(pos[:, :2], batch, size),
        "points of shape [1, M, 3]": Clouds(pos[None], batch, size),
        "no points": Clouds(pos[:0], batch[:0], size),
    }
