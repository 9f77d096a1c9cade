"""Metrics of generated clouds against reference clouds (`Achlioptas et al. <https://arxiv.org/abs/1707.02392>`_,
section 3)."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from conclu_pyg.losses.chamfer import chamfer_distance

CELLS = 28  # of the grid along each axis, as in the paper
BATCH = 64  # pairs of clouds at a time


def pairwise_chamfer(a: Tensor, b: Tensor) -> Tensor:
    """Return the Chamfer distance of each cloud of ``a`` and each of ``b``, of squared distances.

    Shapes:
        - **a:** ``[A, N, 3]``, **b:** ``[B, M, 3]``, **output:** ``[A, B]``
    """
    first, second = (
        index.flatten() for index in torch.meshgrid(torch.arange(len(a)), torch.arange(len(b)), indexing="ij")
    )
    parts = zip(first.split(BATCH), second.split(BATCH), strict=True)
    return torch.cat([chamfer_distance(a[i], b[j]) for i, j in parts]).view(len(a), len(b))


def coverage(distance: Tensor) -> float:
    """Return the share of the reference clouds that are the nearest one of some generated cloud, from 0 to 1.

    Shapes:
        - **distance:** ``[generated, reference]``
    """
    return len(distance.argmin(dim=1).unique()) / distance.size(1)


def minimum_matching_distance(distance: Tensor) -> float:
    """Return the mean distance of the reference clouds to the nearest generated one.

    Shapes:
        - **distance:** ``[generated, reference]``
    """
    return float(distance.amin(dim=0).mean())


def jensen_shannon_divergence(a: Tensor, b: Tensor, cells: int = CELLS) -> float:
    """Return the Jensen-Shannon divergence, in bits, between the distributions of the points of two sets of clouds over
    the cells of a grid on the cube from -1 to 1; a point outside belongs to the nearest cell.

    Args:
        a, b: the sets.
        cells: of the grid, along each axis (default: 28).

    Shapes:
        - **a:** ``[A, N, 3]``, **b:** ``[B, M, 3]``
    """
    p, q = (_histogram(points, cells) for points in (a, b))
    middle = (p + q) / 2
    return float(sum(_relative_entropy(each, middle) for each in (p, q)) / 2)


def _histogram(points: Tensor, cells: int) -> np.ndarray:
    place = ((points.reshape(-1, 3).double() + 1) / 2 * cells).long().clamp(0, cells - 1)
    index = (place[:, 0] * cells + place[:, 1]) * cells + place[:, 2]
    counts = index.bincount(minlength=cells**3).double()
    share: np.ndarray = (counts / counts.sum()).numpy()
    return share


def _relative_entropy(p: np.ndarray, q: np.ndarray) -> float:
    present = p > 0
    return float((p[present] * np.log2(p[present] / q[present])).sum())
