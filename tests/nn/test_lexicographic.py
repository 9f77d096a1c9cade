"""The lexicographic order of points, against Python's sorting of tuples."""

import torch

from conclu_pyg.nn.lexicographic import lexicographic_order


def test_it_sorts_the_points_of_each_cloud_as_tuples() -> None:
    clouds = torch.randint(3, (4, 30, 3)).float()  # many ties
    for cloud, order in zip(clouds.tolist(), lexicographic_order(clouds).tolist(), strict=True):
        assert order == sorted(range(30), key=cloud.__getitem__)  # both are stable
