"""The layout of the clouds in a batch, attributes per point or per cloud, and the selection of points.

An attribute belongs either to the points (``pos``, ``part``), so that it follows them when points are selected, or to
the clouds (``y``, ``cloud_id``), so that it stays. A transform that adds one, such as the target of a pretext task,
declares it by :func:`set_point_attribute` or :func:`set_cloud_attribute`. Without a declaration, the layout that
``Batch.from_data_list`` recorded decides, and otherwise PyG's convention: an attribute with as many rows as there are
points belongs to the points.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor
from torch_geometric.data import Data

from conclu_pyg.errors import DataError

OF_POINTS = ("pos", "batch", "part")
OF_CLOUDS = ("y", "cloud_id", "ptr")


class Clouds(NamedTuple):
    """The layout of the clouds in a ``Data`` or ``Batch``.

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

    @property
    def rank(self) -> Tensor:
        """The position of each point in its cloud, from 0, ``[M]``."""
        return torch.arange(len(self.batch), device=self.batch.device) - self.ptr[self.batch]

    @property
    def first_half(self) -> Tensor:
        """The mask of the first ceil(n / 2) of the n points of each cloud, bool ``[M]``."""
        return 2 * self.rank < self.counts[self.batch]


def cloud_layout(data: Data) -> Clouds:
    """Reads the layout of the clouds in ``data``.

    Raises:
        DataError: there are no positions ``[M, 3]``, no clouds, a cloud without points, or no ``ptr``.
    """
    pos = data.get("pos") if isinstance(data, Data) else None
    if pos is None or pos.dim() != 2 or pos.size(1) != 3:
        found = "none" if isinstance(data, Data) else f"an object of type {type(data).__name__}"
        found = found if pos is None else f"a tensor of shape {list(pos.shape)}"
        raise DataError(f"expected points as data.pos of shape [M, 3], got {found}.", argument="pos", got=found)
    batch, ptr = data.get("batch"), data.get("ptr")
    if batch is None:
        batch = torch.zeros(len(pos), dtype=torch.long, device=pos.device)
        ptr = torch.tensor([0, len(pos)], device=pos.device)
    if ptr is None:
        raise DataError(
            "expected data.ptr in addition to data.batch; make the batch with batch_clouds or Batch.from_data_list.",
            argument="ptr",
            got=None,
        )
    counts = ptr.diff()
    if not len(counts):
        raise DataError("expected at least one cloud, got an empty batch.", argument="batch", got=0)
    fewest, most = (int(count) for count in counts.aminmax())
    if fewest == 0:
        raise DataError(
            f"cloud {int(counts.argmin())} of the {len(counts)} in this batch has no points.", argument="pos", got=0
        )
    return Clouds(batch, ptr, len(counts), most if fewest == most else None)


def rotate(pos: Tensor, rotation: Tensor, clouds: Clouds) -> Tensor:
    """Return the points of each cloud after its rotation.

    Shapes:
        - **pos:** ``[M, 3]``, **rotation:** ``[B, 3, 3]``, **output:** ``[M, 3]``
    """
    if clouds.num_points is not None:
        return torch.bmm(pos.view(clouds.size, -1, 3), rotation.transpose(1, 2)).view(-1, 3)
    return (rotation[clouds.batch] * pos[:, None]).sum(dim=2)


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
    chosen = order[clouds.rank < kept_of[clouds.batch]]
    return index_points(data, chosen, torch.cat([clouds.ptr[:1], kept_of.cumsum(dim=0)]))


def keep_where(data: Data, kept: Tensor, clouds: Clouds) -> Data:
    """``data`` with the points of a mask only; a cloud of which no point is in the mask keeps all of them.

    Shapes:
        - **kept:** bool ``[M]``
    """
    counts = clouds.batch[kept].bincount(minlength=clouds.size)
    kept = kept | (counts == 0)[clouds.batch]
    counts = torch.where(counts == 0, clouds.counts, counts)
    return index_points(data, kept.nonzero().flatten(), torch.cat([clouds.ptr[:1], counts.cumsum(dim=0)]))


def index_points(data: Data, index: Tensor, ptr: Tensor) -> Data:
    """``data`` with the points of ``index`` only, and with what :func:`point_attributes` names of them.

    Args:
        data: one cloud or a batch of them; not changed.
        index: the points to keep, grouped by cloud in the order of the clouds.
        ptr: where each cloud begins in ``index``.

    Shapes:
        - **index:** ``[M']``, **ptr:** ``[B + 1]``
    """
    out = data.__copy__()
    cuts = getattr(data, "_slice_dict", {})  # what Batch.to_data_list() cuts by
    keys = point_attributes(data)
    for key in keys:
        out[key] = data[key][index]
    if "ptr" in out:
        out.ptr = ptr
    if cuts:
        out._slice_dict = {**cuts, **{key: ptr.cpu() for key in keys if key in cuts}}
    return out


def cloud_range(data: Data, first: int, last: int) -> Data:
    """Return the clouds of a batch from ``first`` to before ``last``, with their attributes; tensors are not copied.

    Args:
        data: a batch with ``ptr``; not changed.
        first, last: 0 <= first < last <= B.
    """
    size, begin, end = len(data.ptr) - 1, int(data.ptr[first]), int(data.ptr[last])
    out = data.__copy__()
    per_point = point_attributes(data)
    for key, value in data.to_dict().items():
        if key in per_point:
            out[key] = value[begin:end]
        elif torch.is_tensor(value) and key != "ptr" and value.dim() and len(value) == size:
            out[key] = value[first:last]
    out.batch = out.batch - first
    out.ptr = data.ptr[first : last + 1] - begin
    if cuts := getattr(data, "_slice_dict", {}):
        of_points, of_clouds = out.ptr.cpu(), torch.arange(last - first + 1)
        out._slice_dict = {key: of_points if key in per_point else of_clouds for key in cuts}
    if hasattr(data, "_num_graphs"):
        out._num_graphs = last - first
    return out


def point_attributes(data: Data) -> list[str]:
    """Return the names of the tensors in ``data`` that have a value for each point; see the module for the rules."""
    cuts, declared = getattr(data, "_slice_dict", {}), getattr(data, "_per_point", {})

    def is_per_point(key: str, value: Tensor) -> bool:
        if key in declared:
            return bool(declared[key])
        if key in OF_CLOUDS or not value.dim() or len(value) != len(data.pos):
            return False
        return key in OF_POINTS or key not in cuts or torch.equal(cuts[key].cpu(), data.ptr.cpu())

    return [key for key, value in data.to_dict().items() if torch.is_tensor(value) and is_per_point(key, value)]


def set_point_attribute(data: Data, name: str, value: Tensor) -> None:
    """Attach a value for each point to ``data``, which follows the points through later transforms.

    Shapes:
        - **value:** ``[M, ...]``

    Raises:
        DataError: ``value`` has another number of rows.
    """
    _attach(data, name, value, len(data.pos), per_point=True)


def set_cloud_attribute(data: Data, name: str, value: Tensor) -> None:
    """Attach a value for each cloud to ``data``, which later transforms leave as it is.

    Shapes:
        - **value:** ``[B, ...]``

    Raises:
        DataError: ``value`` has another number of rows.
    """
    _attach(data, name, value, 1 if data.get("ptr") is None else len(data.ptr) - 1, per_point=False)


def without_attributes(data: Data, *names: str) -> Data:
    """Return ``data`` without the attributes of these names; one that is absent is ignored."""
    out = data.__copy__()
    for name in names:
        if name in out:
            del out[name]
    for record in ("_slice_dict", "_inc_dict", "_per_point"):
        if hasattr(out, record):
            setattr(out, record, {key: value for key, value in getattr(out, record).items() if key not in names})
    return out


def _attach(data: Data, name: str, value: Tensor, rows: int, *, per_point: bool) -> None:
    if not value.dim() or len(value) != rows:
        owner = "point" if per_point else "cloud"
        raise DataError(
            f"{name} must have a row for each {owner}: expected [{rows}, ...], got {list(value.shape)}.",
            argument=name,
            got=list(value.shape),
        )
    data[name] = value
    data._per_point = {**getattr(data, "_per_point", {}), name: per_point}  # copies of data share the older mapping
    if cuts := getattr(data, "_slice_dict", {}):
        clouds = torch.arange(len(data.ptr))
        data._slice_dict = {**cuts, name: data.ptr.cpu() if per_point else clouds}
        data._inc_dict = {**data._inc_dict, name: None}
