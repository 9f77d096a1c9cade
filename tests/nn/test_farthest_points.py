"""Farthest point sampling, against loops."""

import math

import torch
from torch import Tensor

from conclu_pyg.nn.farthest_points import farthest_points


def by_loops(points: list[tuple[float, ...]], num: int) -> list[tuple[float, ...]]:
    """Take the smallest point, then again and again the farthest one; of equal ones the smallest."""
    points = sorted(points)
    taken = [points[0]]
    while len(taken) < num:
        squares = [min(sum((a - b) ** 2 for a, b in zip(p, q, strict=True)) for q in taken) for p in points]
        if max(squares) == 0:
            break
        taken.append(points[squares.index(max(squares))])
    return taken


def sample(clouds: list[Tensor], num: int) -> list[list[tuple[float, ...]]]:
    size = max(len(cloud) for cloud in clouds)
    pos = torch.stack([torch.cat([cloud, torch.full((size - len(cloud), 3), 7.0).to(cloud)]) for cloud in clouds])
    mask = torch.stack([torch.arange(size) < len(cloud) for cloud in clouds])
    index, valid = farthest_points(pos, mask, num)
    assert index.shape == valid.shape == (len(clouds), num)
    assert not (valid[:, 1:] & ~valid[:, :-1]).any()  # padding is at the end
    return [[tuple(p) for p in cloud[i[v]].tolist()] for cloud, i, v in zip(pos, index, valid, strict=True)]


def test_it_is_that_of_loops() -> None:
    ties = torch.randint(4, (30, 3)).double()
    clouds = [torch.randn(30, 3, dtype=torch.double), torch.randn(9, 3, dtype=torch.double), ties]
    expected = [by_loops([tuple(p) for p in cloud.tolist()], 12) for cloud in clouds]
    assert sample(clouds, 12) == expected and [len(taken) for taken in expected] == [12, 9, 12]


def test_it_depends_on_neither_the_batch_nor_the_order_of_the_points() -> None:
    clouds = [torch.randn(n, 3) for n in (40, 17, 1)] + [torch.randint(3, (20, 3)).float()]
    together = sample(clouds, 10)
    assert together == [sample([cloud], 10)[0] for cloud in clouds]
    assert together == sample([cloud[torch.randperm(len(cloud))] for cloud in clouds], 10)


def test_a_position_is_taken_once() -> None:
    cloud = torch.randn(5, 3).repeat(4, 1)
    (taken,) = sample([cloud], 16)
    assert len(taken) == len(set(taken)) == 5


def test_points_are_spread_more_evenly_than_random_ones() -> None:
    cloud = torch.rand(500, 3)

    def gap(points: Tensor) -> float:
        return float(torch.cdist(cloud, points).amin(dim=1).max())

    (taken,) = sample([cloud], 32)
    assert gap(torch.tensor(taken)) < 0.8 * gap(cloud[:32])


def test_small_differences_are_seen_in_float32_of_16_bits() -> None:
    cloud = torch.tensor([[0.0, 0, 0], [1, 0, 0], [1, 2**-7, 0]]).bfloat16()
    (taken,) = sample([cloud], 2)
    assert taken == [(0, 0, 0), (1, 2**-7, 0)]
    assert math.dist(*taken) > 1
