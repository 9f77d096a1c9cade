"""The k-d order, against a recursive split of each cloud."""

import torch
from torch import Tensor

from conclu_pyg.nn.kd_order import kd_order


def by_recursion(points: list[tuple[float, ...]], depth: int, level: int = 0) -> list[tuple[float, ...]]:
    """Sort by one axis after the other, and split in the middle: for sizes that are multiples of 2 ** depth."""
    axis = level % 3
    points = sorted(points, key=lambda p: (p[axis], p[(axis + 1) % 3], p[(axis + 2) % 3]))
    if level == depth:
        return points
    half = len(points) // 2
    return by_recursion(points[:half], depth, level + 1) + by_recursion(points[half:], depth, level + 1)


def ordered(clouds: list[Tensor], depth: int) -> list[list[tuple[float, ...]]]:
    ptr = torch.tensor([0, *(len(cloud) for cloud in clouds)]).cumsum(dim=0)
    pos = torch.cat(clouds)
    order = kd_order(pos, ptr, depth)
    return [[tuple(p) for p in part.tolist()] for part in pos[order].tensor_split(ptr[1:-1])]


def test_it_is_that_of_recursive_splits() -> None:
    clouds = [torch.randn(16, 3), torch.randn(32, 3), torch.randint(3, (16, 3)).float()]  # the last one has many ties
    for depth in (0, 1, 3, 4):
        expected = [by_recursion([tuple(p) for p in cloud.tolist()], depth) for cloud in clouds]
        assert ordered(clouds, depth) == expected


def test_it_depends_on_neither_the_batch_nor_the_order_of_the_input() -> None:
    clouds = [torch.randn(n, 3) for n in (13, 1, 64, 3)] + [torch.randint(2, (20, 3)).float()]
    together = ordered(clouds, 5)
    assert together == [ordered([cloud], 5)[0] for cloud in clouds]
    assert together == ordered([cloud[torch.randperm(len(cloud))] for cloud in clouds], 5)


def test_neighbours_in_the_order_are_near_each_other() -> None:
    (points,) = ordered([torch.rand(1024, 3)], 10)
    pos = torch.tensor(points)
    step = (pos[1:] - pos[:-1]).norm(dim=1).mean()
    assert step < 0.25 * (pos[torch.randperm(1024)] - pos).norm(dim=1).mean()
