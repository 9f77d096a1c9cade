"""What the transforms share: which point belongs to which cloud, and taking points out of a batch."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor
from torch_geometric.data import Batch, Data

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


def clouds_of(data: Data) -> Clouds:
    """Reads the layout of the clouds in ``data``.

    Raises:
        DataError: there are no positions ``[M, 3]``, or a cloud has no points.
    """
    pos = data.pos
    if pos is None or pos.dim() != 2 or pos.size(1) != 3:
        found = "none" if pos is None else f"a tensor of shape {list(pos.shape)}"
        raise DataError(f"a transform needs the points as data.pos of shape [M, 3], found {found}.")
    if isinstance(data, Batch):
        batch, ptr = data.batch, data.ptr
    else:
        batch = torch.zeros(len(pos), dtype=torch.long, device=pos.device)
        ptr = torch.tensor([0, len(pos)], device=pos.device)
    counts = ptr.diff()
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


def take_points(data: Data, index: Tensor, ptr: Tensor) -> Data:
    """``data`` with the points of ``index`` only, every attribute of the points included.

    Args:
        data: one cloud or a batch of them; not changed.
        index: the points to keep, grouped by cloud in the order of the clouds.
        ptr: where each cloud begins in ``index``.

    Shapes:
        - **index:** ``[M']``, **ptr:** ``[B + 1]``
    """
    num_points = len(data.pos)
    graph_attributes = {"y", "ptr"} if isinstance(data, Batch) else {"y"}
    out = data.__copy__()
    for key, value in data.to_dict().items():
        if key not in graph_attributes and torch.is_tensor(value) and value.dim() and len(value) == num_points:
            out[key] = value[index]
    if isinstance(out, Batch):
        out.ptr = ptr
        slices = getattr(data, "_slice_dict", None)
        if slices:  # what Batch.to_data_list() cuts by
            per_point = {key for key, cuts in slices.items() if key not in graph_attributes and key in out}
            out._slice_dict = {
                key: ptr.cpu() if key in per_point and torch.equal(cuts.cpu(), data.ptr.cpu()) else cuts
                for key, cuts in slices.items()
            }
    return out
