"""Finite sets of rotations, whose numbers are the classes of a pretext task."""

from __future__ import annotations

import itertools
import math
from typing import Literal

import torch
from torch import Tensor
from torch.nn.functional import normalize

Directions = Literal[6, 18, 32]


def unit_directions(count: Directions) -> Tensor:
    """Return directions that are spread evenly over the sphere, each with its opposite.

    Args:
        count: 6: the faces of a cube; 18: its faces and edges; 32: the vertices of an icosahedron, two of them on the
            z axis, and those of the dodecahedron in its faces.

    Shapes:
        - **output:** float64 ``[count, 3]``, unit vectors
    """
    grid = torch.tensor(list(itertools.product((-1, 0, 1), repeat=3)), dtype=torch.double)
    distance = grid.square().sum(dim=1)
    if count == 6:
        return grid[distance == 1]
    if count == 18:
        return normalize(grid[(distance == 1) | (distance == 2)], dim=1)
    turn = torch.arange(5, dtype=torch.double) * 2 * math.pi / 5
    ring = torch.stack([2 * turn.cos(), 2 * turn.sin(), torch.ones(5)], dim=1) / math.sqrt(5)
    upper = torch.cat([torch.tensor([[0, 0, 1]], dtype=torch.double), ring])
    icosahedron = torch.cat([upper, -upper])
    triples = icosahedron[list(itertools.combinations(range(12), 3))]  # (220, 3, 3)
    products = (triples * triples.roll(1, dims=1)).sum(dim=2)  # (220, 3)
    faces = triples[(products - 1 / math.sqrt(5)).abs().amax(dim=1) < 1e-9]
    return torch.cat([icosahedron, normalize(faces.sum(dim=1), dim=1)])


def rotation_set(directions: Directions, angles: int | None, up_axis: int) -> Tensor:
    """Return the matrices of a set of rotations; the identity is among them.

    Args:
        directions: see :func:`unit_directions`.
        angles: ``None``: one rotation for each direction, the shortest one that turns the up axis to it (for the
            opposite of the up axis, by 180 degrees about the next axis). Otherwise the rotations about each direction
            by multiples of 360 / ``angles`` degrees; opposite directions give the same ones, and the identity counts
            once.
        up_axis: the coordinate that points up: 0, 1 or 2.

    Shapes:
        - **output:** float64 ``[K, 3, 3]``, with K = ``directions`` or 1 + ``directions`` / 2 (``angles`` - 1)
    """
    units = unit_directions(directions).roll(up_axis - 2, dims=1)
    if angles is None:
        up = torch.eye(3, dtype=torch.double)[up_axis]
        cosine = units @ up
        axis = torch.linalg.cross(up.expand_as(units), units)
        axis[cosine.abs() > 1 - 1e-9] = up.roll(1)  # parallel or opposite
        return axis_angle_matrix(normalize(axis, dim=1), cosine.clamp(-1, 1).acos())
    first = units[[i for i, unit in enumerate(units) if not (units[:i] + unit).abs().amax(dim=1).lt(1e-9).any()]]
    turns = torch.arange(1, angles, dtype=torch.double) * 2 * math.pi / angles
    matrices = axis_angle_matrix(first.repeat_interleave(len(turns), dim=0), turns.repeat(len(first)))
    return torch.cat([torch.eye(3, dtype=torch.double)[None], matrices])


def axis_angle_matrix(axis: Tensor, angle: Tensor) -> Tensor:
    """Return rotation matrices by Rodrigues' formula, R = cos a I + sin a [u] + (1 - cos a) u u^T, where [u] v is the
    cross product of u and v.

    Shapes:
        - **axis:** ``[B, 3]``, unit vectors, **angle:** ``[B]``, in radians, **output:** ``[B, 3, 3]``
    """
    identity = torch.eye(3, dtype=axis.dtype, device=axis.device)
    crossed = torch.linalg.cross(axis[:, None], identity[None])  # row k is u x e_k, which is column k of [u]
    cos, sin = angle.cos()[:, None, None], angle.sin()[:, None, None]
    return cos * identity + sin * crossed.transpose(1, 2) + (1 - cos) * axis[:, :, None] * axis[:, None, :]
