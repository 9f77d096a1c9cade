"""The neighbours that a dense entry chooses: recorded, and given by another program.

Two programs may choose other neighbours where distances tie up to rounding, and the features of these points then
differ by far more than rounding. So an exported program is compared for equal neighbours: its own are checked to be
nearest, and PyTorch computes the features that they give.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from conclu_pyg.errors import ConcluError
from conclu_pyg.nn import NearestInCloud

TIE = 1e-5  # differences of squared distances that count as a tie, relative to the largest squared norm of a cloud


@contextmanager
def recorded_neighbors(model: nn.Module) -> Iterator[list[Tensor]]:
    """Within this context, the neighbours that the model finds are appended to the list, in the order of the calls.

    Shapes:
        - **output:** int64 ``[B, N, k]`` for each call
    """
    tables: list[Tensor] = []
    with _hooked(model, lambda module, x, index: tables.append(index)):
        yield tables


@contextmanager
def given_neighbors(model: nn.Module, tables: Sequence[Tensor]) -> Iterator[list[int]]:
    """Within this context, the model takes the given neighbours, in the order of the calls. The list has the number of
    neighbours of each call that the model would not have chosen.

    Raises:
        ConcluError: given neighbours are not nearest, even where distances that tie up to rounding may swap.

    Shapes:
        - **tables:** int64 ``[B, N, k]`` each
    """
    remaining = iter(tables)
    swapped: list[int] = []

    def replace(module: NearestInCloud, x: Tensor, index: Tensor) -> Tensor:
        given = next(remaining)
        _check_nearest(x, given, len(swapped))
        own, other = index.sort(dim=2).values, given.sort(dim=2).values
        swapped.append(sum(_num_missing(a, b) for a, b in zip(own, other, strict=True)))
        return given

    with _hooked(model, replace):
        yield swapped


@contextmanager
def _hooked(model: nn.Module, function: Callable[[NearestInCloud, Tensor, Tensor], Any]) -> Iterator[None]:
    def hook(module: NearestInCloud, inputs: tuple[Tensor, ...], output: Tensor) -> Any:
        return function(module, inputs[0], output)

    searches = [module for module in model.modules() if isinstance(module, NearestInCloud)]
    hooks = [search.register_forward_hook(hook) for search in searches]
    try:
        yield
    finally:
        for each in hooks:
            each.remove()


def _check_nearest(x: Tensor, index: Tensor, call: int) -> None:
    """Check that the rows of a table are k distinct points (all, in a smaller cloud), none of them farther than the
    k-th nearest plus :data:`TIE`; distances in float64.

    Shapes:
        - **x:** ``[B, N, D]``, **index:** ``[B, N, k]``
    """
    for cloud, (points, chosen) in enumerate(zip(x.double(), index, strict=True)):
        points = points - points.mean(dim=0)
        wanted = min(chosen.size(1), len(points))
        inside = bool(((chosen >= 0) & (chosen < len(points))).all())
        distinct = 1 + (chosen.sort(dim=1).values.diff(dim=1) > 0).sum(dim=1)
        distance = torch.cdist(points, points, compute_mode="donot_use_mm_for_euclid_dist").square()
        limit = distance.kthvalue(wanted, dim=1).values + TIE * points.square().sum(dim=1).max()
        if not inside or not (distinct == wanted).all() or (distance.gather(1, chosen) > limit[:, None]).any():
            raise ConcluError(
                f"expected the {wanted} nearest points as neighbours, got others from the exported program, in its "
                f"neighbour search {call} for cloud {cloud}; report this."
            )


def _num_missing(own: Tensor, other: Tensor) -> int:
    """Return how many entries of the rows of one table the same rows of the other do not have.

    Shapes:
        - **own**, **other:** ``[N, k]``, sorted
    """
    rows = torch.arange(len(own), device=own.device)[:, None] * (int(own.max()) + int(other.max()) + 1)
    return int((~torch.isin(other + rows, own + rows)).sum())
