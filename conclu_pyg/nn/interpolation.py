"""Interpolation of features from a few points to all points of a cloud."""

from __future__ import annotations

import torch
from torch import Tensor

from conclu_pyg.nn.distances import distances
from conclu_pyg.nn.nearest_in_cloud import gather_points

NEAREST = 3
EPSILON = 1e-8  # added to squared distances: a point at a center has the features of that center


def interpolation_weights(pos: Tensor, centers: Tensor, valid: Tensor) -> Tensor:
    r"""Return the weights of the centers in the features of each point, as in
    `PointNet++ <https://arxiv.org/abs/1706.02413>`_ (section 3.4, equation 2):

    .. math::
        w_{ij} = \frac{1 / (d_{ij}^2 + \epsilon)}{\sum_{l \in K_i} 1 / (d_{il}^2 + \epsilon)}, \qquad j \in K_i

    with the three nearest centers :math:`K_i` of point i, or all if there are fewer; other weights are 0. A product
    with features ``[B, L, C]`` interpolates them.

    Shapes:
        - **pos:** ``[B, N, 3]``, **centers:** ``[B, L, 3]``, **valid:** bool ``[B, L]``, false for padding
        - **output:** ``[B, N, L]``, in float32 or a wider type of ``pos``
    """
    distance = distances(pos, centers).masked_fill(~valid[:, None], torch.inf)
    least = distance.topk(min(NEAREST, centers.size(1)), dim=2, largest=False)
    pos, centers = pos.to(distance.dtype), centers.to(distance.dtype)
    difference = pos[:, :, None] - gather_points(centers, least.indices)  # (B, N, 3, 3)
    weight = 1 / (difference.square().sum(dim=3) + EPSILON)
    weight = weight.masked_fill(~least.values.isfinite(), 0)
    weight = weight / weight.sum(dim=2, keepdim=True)
    return torch.zeros_like(distance).scatter(2, least.indices, weight)
