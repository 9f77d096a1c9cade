"""Division of clouds into patches: the nearest points of points that are far from each other."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import pad

from conclu_pyg.nn.distances import distances
from conclu_pyg.nn.farthest_points import farthest_points
from conclu_pyg.nn.nearest_in_cloud import gather_points


class Patches(NamedTuple):
    """The patches of B clouds, L for each; smaller clouds have fewer, which precede their padding.

    Shapes:
        - **centers:** ``[B, L, 3]``
        - **points:** ``[B, L, k, 3]``, relative to the center of their patch
        - **valid:** bool ``[B, L]``, false for padding
    """

    centers: Tensor
    points: Tensor
    valid: Tensor

    def select(self, chosen: Tensor) -> Patches:
        """Return some of the patches, in their order, padded to the largest number of one cloud.

        Shapes:
            - **chosen:** bool ``[B, L]``, false for padding
        """
        most = int(chosen.sum(dim=1).max())
        index = (~chosen).long().argsort(dim=1, stable=True)[:, :most]  # (B, L')
        row = torch.arange(len(index), device=index.device)[:, None]
        return Patches(self.centers[row, index], self.points[row, index], chosen.gather(1, index))


def divide(pos: Tensor, mask: Tensor, num_patches: int, patch_size: int) -> Patches:
    """Return the patches of each cloud: centers by farthest point sampling, and the nearest points of each
    (`Point-MAE <https://arxiv.org/abs/2203.06604>`_, section 3.1, equations 1 and 2).

    Patches overlap, and may leave out points. A cloud has at most as many patches as it has different positions. In a
    cloud of fewer than ``patch_size`` points, the missing points of a patch are its center. Which of several points at
    the same distance are the last of a patch is unspecified.

    The distances of all centers to all points of their cloud are held at once.

    Args:
        pos: finite coordinates.
        mask: of points, which precede the padding of their cloud; at least one in each.
        num_patches: L.
        patch_size: k, points of a patch.

    Shapes:
        - **pos:** ``[B, N, 3]``, **mask:** bool ``[B, N]``
    """
    center, valid = farthest_points(pos, mask, num_patches)  # (B, L)
    near = _nearest(pos, mask, center, patch_size)  # (B, L, k)
    points, centers = gather_points(pos, near), gather_points(pos, center[:, :, None])
    return Patches(centers[:, :, 0], points - centers, valid)


@torch.no_grad()
def _nearest(pos: Tensor, mask: Tensor, center: Tensor, k: int) -> Tensor:
    """Return the k nearest points of the centers in their cloud, and the center for each that is missing.

    Shapes:
        - **center:** ``[B, L]``, **output:** ``[B, L, k]``
    """
    distance = distances(gather_points(pos, center[:, :, None])[:, :, 0], pos).masked_fill(~mask[:, None], torch.inf)
    least = pad(distance, (0, k - 1), value=torch.inf).topk(k, dim=2, largest=False)  # there are always k to choose
    return torch.where(least.values.isfinite(), least.indices, center[:, :, None])
