"""The k smallest entries of each row, exactly and without sorting what is larger."""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor


def smallest(values: Tensor, k: int) -> Tensor:
    """The places of the k smallest values of each row, in no order.

    On a CPU the selection is NumPy's, whose vector instructions take a tenth of the time of ``topk``, and it sees few
    values: the k smallest of a row lie in the k groups with the smallest minima, so only those groups' members are
    looked into. Groups are strided, for then their minima are those of whole vectors.

    Shapes:
        - **values:** ``[R, N]``, no NaN, **output:** ``[R, k]``, k being N at most
    """
    if values.device.type != "cpu":
        return values.topk(k, largest=False, sorted=False).indices
    num_values, device = values.size(1), values.device  # named below, lest a default device be taken
    width = group_width(num_values, k)
    if width == 1:
        return _select(values, torch.arange(num_values, dtype=torch.int32, device=device), k)
    groups = num_values // width
    whole = width * groups  # what remains beyond is looked into in any case
    minima = values[:, :whole].unflatten(1, (width, groups)).amin(dim=1)  # (R, groups)
    group = _select(minima, torch.arange(groups, dtype=torch.int32, device=device), k)
    members = (group[:, None] + torch.arange(0, whole, groups, device=device)[:, None]).flatten(1)  # (R, width * k)
    if whole < num_values:
        rest = torch.arange(whole, num_values, device=device)
        members = torch.cat([members, rest.expand(len(values), -1)], dim=1)
    return _select(values.gather(1, members), members, k)


def group_width(num_values: int, k: int) -> int:
    """The power of two near the width that leaves the fewest values, N / width + width k; at least k groups."""
    return 1 << max(0, int(math.log2(num_values / k) / 2))


def _select(values: Tensor, names: Tensor, k: int) -> Tensor:
    """The names of the k smallest of each row's values.

    Shapes:
        - **values:** ``[R, n]``, **names:** ``[R, n]`` or ``[n]``, below 2^31, **output:** ``[R, k]``, int64
    """
    if values.dtype != torch.float32:
        place = torch.from_numpy(np.argpartition(values.numpy(), k - 1, axis=1)[:, :k])
        return names.expand_as(values).gather(1, place).long()
    # A float32 above an int32 name, read as a double, orders as the float32 does: both keep sign, exponent and fraction
    # in this order, from the highest bit. (Infinity is a finite double then.) That is quicker than argpartition.
    keys = torch.empty(*values.shape, 2, dtype=torch.int32, device=values.device)
    keys[..., 1] = values.view(torch.int32)  # the upper half, on the little-endian processors that PyTorch supports
    keys[..., 0] = names
    keys.view(torch.double).squeeze(2).numpy().partition(k - 1, axis=1)
    return keys[:, :k, 0].long()
