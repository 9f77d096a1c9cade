"""Halves by a random plane, for clouds of any size."""

import torch
from torch_geometric.data import Batch, Data

from conclu_pyg.transforms import SplitHalves


def test_points_are_sorted_along_the_normal_of_a_plane() -> None:
    clouds = [torch.randn(n, 3, dtype=torch.double) for n in (7, 1, 12)]
    batch = Batch.from_data_list([Data(pos=cloud, part=torch.arange(len(cloud))) for cloud in clouds])
    torch.manual_seed(3)
    normals = torch.randn(3, 3, dtype=torch.double)
    torch.manual_seed(3)
    out = SplitHalves()(batch).to_data_list()
    for cloud, normal, halved in zip(clouds, normals, out, strict=True):
        heights = [sum(a * b for a, b in zip(p, normal.tolist(), strict=True)) for p in cloud.tolist()]
        order = sorted(range(len(heights)), key=heights.__getitem__)
        first = (len(order) + 1) // 2
        assert halved.part.tolist() == order
        assert halved.half.tolist() == [0] * first + [1] * (len(order) - first)
