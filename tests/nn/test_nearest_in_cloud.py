import pytest
import torch

from conclu_pyg.neighbors.dense import DenseNeighbors
from conclu_pyg.nn import NearestInCloud
from conclu_pyg.nn.nearest_in_cloud import gather_points


@pytest.mark.parametrize(("num_points", "dimensions"), [(30, 3), (17, 8), (5, 3), (4, 3), (1, 3)])
def test_finds_the_neighbours_of_the_registered_search(num_points: int, dimensions: int) -> None:
    x = torch.randn(3, num_points, dimensions, dtype=torch.double)
    index = NearestInCloud(5)(x)
    batch = torch.arange(3).repeat_interleave(num_points)
    expected = DenseNeighbors()(x.flatten(0, 1), 5, batch, 3).view(3, num_points, 5)
    for cloud in range(3):
        for point in range(num_points):
            others = {row - cloud * num_points for row in expected[cloud, point].tolist() if row >= 0}
            assert set(index[cloud, point].tolist()) == others and len(others) == min(5, num_points)


def test_repr_and_state() -> None:
    assert repr(NearestInCloud(7)) == "NearestInCloud(7)" and not NearestInCloud(7).state_dict()


def test_gathers_points_of_the_same_cloud() -> None:
    x = torch.arange(12.0).view(2, 3, 2)
    index = torch.tensor([[[0, 2], [1, 1], [2, 0]], [[2, 2], [0, 1], [1, 0]]])
    found = gather_points(x, index)
    for cloud in range(2):
        assert torch.equal(found[cloud], x[cloud][index[cloud]])
