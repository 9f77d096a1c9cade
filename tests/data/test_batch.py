"""Conversion of an array of clouds to a PyG batch."""

import pytest
import torch
from torch_geometric.data import Batch, Data

from conclu_pyg.data.batch import batch_clouds


@pytest.fixture
def pos() -> torch.Tensor:
    return torch.randn(3, 4, 3)


def test_it_is_the_batch_that_pyg_makes_of_a_list(pos: torch.Tensor) -> None:
    y, part = torch.tensor([5, 6, 7]), torch.arange(12).view(3, 4)
    batch = batch_clouds(pos, y=y, part=part)
    clouds = [Data(pos=p, y=label[None], part=parts) for p, label, parts in zip(pos, y, part, strict=True)]
    expected = Batch.from_data_list(clouds)
    assert set(batch.keys()) == set(expected.keys()) and batch.num_graphs == expected.num_graphs == 3
    for key in expected.keys():  # noqa: SIM118 - a batch is no mapping
        assert torch.equal(batch[key], expected[key]) and batch[key].dtype == expected[key].dtype, key


def test_it_can_be_split_again(pos: torch.Tensor) -> None:
    batch = batch_clouds(pos, y=torch.tensor([5, 6, 7]), part=torch.arange(12).view(3, 4))
    for i, cloud in enumerate(batch.to_data_list()):
        assert torch.equal(cloud.pos, pos[i]) and cloud.y.tolist() == [5 + i]
        assert cloud.part.tolist() == list(range(4 * i, 4 * i + 4)) and not cloud.is_cuda
    assert torch.equal(batch[2].pos, pos[2]) and len(batch[1:]) == 2
    again = Batch.from_data_list(batch.to_data_list())
    assert torch.equal(again.pos, batch.pos) and torch.equal(again.ptr, batch.ptr)


def test_labels_and_parts_may_be_absent(pos: torch.Tensor) -> None:
    batch = batch_clouds(pos)
    assert batch.y is None and "part" not in batch and batch.num_nodes == 12
    assert [sorted(cloud.keys()) for cloud in batch.to_data_list()] == [["pos"]] * 3


def test_the_points_are_views_and_not_copies(pos: torch.Tensor) -> None:
    assert batch_clouds(pos).pos.data_ptr() == pos.data_ptr()


def test_a_batch_may_be_of_one_cloud_or_of_clouds_of_one_point() -> None:
    assert batch_clouds(torch.zeros(1, 4, 3)).ptr.tolist() == [0, 4]
    single = batch_clouds(torch.zeros(4, 1, 3), y=torch.arange(4))
    assert single.ptr.tolist() == [0, 1, 2, 3, 4] and single.batch.tolist() == [0, 1, 2, 3]
    assert [cloud.y.tolist() for cloud in single.to_data_list()] == [[0], [1], [2], [3]]


def test_it_stays_one_batch_when_it_is_copied_or_converted(pos: torch.Tensor) -> None:
    batch = batch_clouds(pos, y=torch.arange(3))
    for copy in (batch.clone(), batch.to("cpu"), batch.contiguous()):
        assert len(copy.to_data_list()) == 3 and copy.num_graphs == 3
