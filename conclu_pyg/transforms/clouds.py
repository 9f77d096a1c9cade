"""What the transforms share: which point belongs to which cloud, and taking points out of a batch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch_geometric.data import Data

from conclu_pyg.errors import DataError


class Clouds(NamedTuple):
    """How the points of a ``Data`` or ``Batch`` fall into clouds.

    Shapes:
        - **batch:** ``[M]``, the cloud of each point; **ptr:** ``[B + 1]``, where each cloud begins
    """

    batch: Tensor
    ptr: Tensor
    size: int  # B
    num_points: int | None  # points in each cloud where all have the same, else None

    @property
    def counts(self) -> Tensor:
        """The number of points in each cloud, ``[B]``."""
        return self.ptr.diff()


def cloud_layout(data: Data) -> Clouds:
    """Reads the layout of the clouds in ``data``.

    Raises:
        DataError: there are no positions ``[M, 3]``, or no clouds, or a cloud has no points, or it is not said where
            each cloud begins.
    """
    pos = data.pos
    if pos is None or pos.dim() != 2 or pos.size(1) != 3:
        found = "none" if pos is None else f"a tensor of shape {list(pos.shape)}"
        raise DataError(f"a transform needs the points as data.pos of shape [M, 3], found {found}.")
    batch, ptr = data.get("batch"), data.get("ptr")
    if batch is None:
        batch = torch.zeros(len(pos), dtype=torch.long, device=pos.device)
        ptr = torch.tensor([0, len(pos)], device=pos.device)
    if ptr is None:
        raise DataError("a batch needs data.ptr beside data.batch; make it by batch_clouds or Batch.from_data_list.")
    counts = ptr.diff()
    if not len(counts):
        raise DataError("a transform needs at least one cloud, found a batch of none.")
    fewest, most = (int(count) for count in counts.aminmax())
    if fewest == 0:
        raise DataError(f"cloud {int(counts.argmin())} of the {len(counts)} in this batch has no points.")
    return Clouds(batch, ptr, len(counts), most if fewest == most else None)


def order_in_cloud(score: Tensor, clouds: Clouds) -> Tensor:
    """Indices that sort the points of each cloud by ascending score, clouds in order.

    Shapes:
        - **score:** ``[M]``, **output:** ``[M]``
    """
    if clouds.num_points is not None:
        order = score.view(clouds.size, clouds.num_points).argsort(dim=1)  # (B, N)
        return (order + clouds.ptr[:-1, None]).flatten()
    order = score.argsort()
    return order[clouds.batch[order].argsort(stable=True)]


def keep_smallest(data: Data, score: Tensor, clouds: Clouds, share: float) -> Data:
    """``data`` with the points of lowest score: of a cloud's n points, ``max(1, round(share * n))``.

    Shapes:
        - **score:** ``[M]``
    """
    if clouds.num_points is not None:
        kept = max(1, round(share * clouds.num_points))
        lowest = score.view(clouds.size, -1).topk(kept, largest=False, sorted=False).indices + clouds.ptr[:-1, None]
        return index_points(data, lowest.flatten(), torch.arange(clouds.size + 1, device=score.device) * kept)
    kept_of = (share * clouds.counts.cpu().double()).round().long().clamp(min=1).to(score.device)  # (B,)
    order = order_in_cloud(score, clouds)
    rank = torch.arange(len(order), device=order.device) - clouds.ptr[clouds.batch]
    return index_points(data, order[rank < kept_of[clouds.batch]], torch.cat([clouds.ptr[:1], kept_of.cumsum(dim=0)]))


def index_points(data: Data, index: Tensor, ptr: Tensor) -> Data:
    """``data`` with the points of ``index`` only.

    Every tensor that has a value for each point goes with the points, except ``y``, which belongs to the clouds; a
    batch of clouds of one point each has as many of either.

    Args:
        data: one cloud or a batch of them; not changed.
        index: the points to keep, grouped by cloud in the order of the clouds.
        ptr: where each cloud begins in ``index``.

    Shapes:
        - **index:** ``[M']``, **ptr:** ``[B + 1]``
    """
    out = data.__copy__()
    cuts = getattr(data, "_slice_dict", {})  # what Batch.to_data_list() cuts by
    keys = _per_point(data, cuts)
    for key in keys:
        out[key] = data[key][index]
    if "ptr" in out:
        out.ptr = ptr
    if cuts:
        out._slice_dict = {**cuts, **{key: ptr.cpu() for key in keys if key in cuts}}
    return out


def _per_point(data: Data, cuts: Mapping[str, Any]) -> list[str]:
    """The attributes that have a value for each point, in every cloud where ``cuts`` says how they fall into clouds."""
    keys = [
        key
        for key, value in data.to_dict().items()
        if key not in ("y", "ptr") and torch.is_tensor(value) and value.dim() and len(value) == len(data.pos)
    ]
    return [key for key in keys if key not in cuts or torch.equal(cuts[key].cpu(), data.ptr.cpu())]
