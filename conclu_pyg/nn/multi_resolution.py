"""Convolutions on three resolutions of an ordered cloud."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import max_pool1d

from conclu_pyg.errors import ArgumentError, Issue

FACTOR = 4  # points of a resolution for one of the next coarser one
ROOTS = FACTOR**2  # entries of the shortest list with three resolutions
Resolutions = tuple[Tensor, Tensor, Tensor]


class MultiResolutionConv(nn.Module):
    r"""The block MR-CONV of `MRTNet <https://arxiv.org/abs/1807.03520>`_ (section 3): features on three resolutions of
    a list of points, each a fourth of the one before, exchange information, and each is convolved with a kernel and
    stride of 2.

    .. math::
        y^0 = \mathrm{conv}(x^0 \oplus up(x^1)), \quad
        y^1 = \mathrm{conv}(pool(x^0) \oplus x^1 \oplus up(x^2)), \quad
        y^2 = \mathrm{conv}(pool(x^1) \oplus x^2)

    with the maximum over 4 neighbours in the list as pool and their repetition as up; then batch norm and ReLU.

    Args:
        in_channels: number of input features.
        out_channels: number of output features.
        transposed: double the lists by transposed convolutions (MR-CONV-T), rather than halve them (default: False).
        norm: whether a batch norm follows each convolution (default: True).

    Shapes:
        - **input:** ``[B, in_channels, L]``, ``[B, in_channels, L / 4]``, ``[B, in_channels, L / 16]``
        - **output:** the same with ``out_channels`` and half of L, or twice L
    """

    def __init__(self, in_channels: int, out_channels: int, *, transposed: bool = False, norm: bool = True) -> None:
        super().__init__()
        conv = nn.ConvTranspose1d if transposed else nn.Conv1d
        self.convs = nn.ModuleList(
            nn.Sequential(
                conv(inputs * in_channels, out_channels, 2, 2),
                nn.BatchNorm1d(out_channels) if norm else nn.Identity(),
                nn.ReLU(),
            )
            for inputs in (2, 3, 2)
        )

    def forward(self, x: Resolutions) -> Resolutions:
        fine, middle, coarse = x
        inputs = ([fine, up(middle)], [down(fine), middle, up(coarse)], [down(middle), coarse])
        y = [conv(torch.cat(parts, dim=1)) for conv, parts in zip(self.convs, inputs, strict=True)]
        return y[0], y[1], y[2]


def up(x: Tensor) -> Tensor:
    """Repeat each entry of the list. Shapes: ``[B, C, L]`` to ``[B, C, 4 L]``."""
    return x.repeat_interleave(FACTOR, dim=2)


def down(x: Tensor) -> Tensor:
    """Take the maximum of each four entries of the list. Shapes: ``[B, C, L]`` to ``[B, C, L / 4]``."""
    return max_pool1d(x, FACTOR)


def resolutions(x: Tensor) -> Resolutions:
    """Return a list at three resolutions. Shapes: ``[B, C, L]``, with L a multiple of 16."""
    middle = down(x)
    return x, middle, down(middle)


def joined(x: Resolutions) -> Tensor:
    """Return the features of all resolutions at the finest one. Shapes: **output:** ``[B, 3 C, L]``"""
    return torch.cat([x[0], up(x[1]), up(up(x[2]))], dim=1)


def depth_of_tree(name: str, num_points: int) -> int:
    """Return the binary logarithm of a number of points.

    Raises:
        ArgumentError: ``num_points`` of the class ``name`` is no power of two.
    """
    depth = num_points.bit_length() - 1
    if num_points != 1 << depth:
        message = f"{name}: num_points must be a power of two, got {num_points}; use {1 << depth} or {2 << depth}."
        raise ArgumentError(Issue(message, argument="num_points", got=num_points, expected="a power of two"))
    return depth
