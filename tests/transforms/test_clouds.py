"""Selection of points in a batch with their attributes."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from helpers import raises
from torch_geometric.data import Batch, Data

from conclu_pyg.errors import DataError
from conclu_pyg.transforms.clouds import (
    cloud_layout,
    cloud_range,
    index_points,
    order_in_cloud,
    point_attributes,
    set_cloud_attribute,
    set_point_attribute,
    without_attributes,
)


def test_the_layout_of_a_cloud_is_that_of_a_batch_of_one(cloud: Callable[..., Data]) -> None:
    layout = cloud_layout(cloud(5))
    assert layout.batch.tolist() == [0] * 5 and layout.ptr.tolist() == [0, 5]
    assert (layout.size, layout.num_points, layout.counts.tolist()) == (1, 5, [5])


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (Data(pos=torch.zeros(4, 2)), "expected points as data.pos of shape [M, 3], got a tensor of shape [4, 2]."),
        (Batch(pos=torch.zeros(0, 3), batch=torch.zeros(0), ptr=torch.zeros(1)), "expected at least one cloud, got an"),
        (Data(pos=torch.zeros(4, 3), batch=torch.zeros(4)), "expected data.ptr in addition to data.batch; make the "),
    ],
)
def test_the_text_about_clouds_without_a_layout(data: Data, text: str) -> None:
    with pytest.raises(DataError) as error:
        cloud_layout(data)
    assert str(error.value).startswith(text)


def test_clouds_of_several_sizes_have_no_number_of_points(clouds: Callable[..., Batch]) -> None:
    layout = cloud_layout(clouds(2, 3, 1))
    assert layout.num_points is None and layout.counts.tolist() == [2, 3, 1]
    assert cloud_layout(clouds(3, 3)).num_points == 3


def test_points_are_ordered_within_their_cloud(batch: Batch) -> None:
    score = torch.randn(len(batch.pos))
    order = order_in_cloud(score, cloud_layout(batch))
    assert torch.equal(batch.batch[order], batch.batch)
    for i in range(4):
        rows = slice(int(batch.ptr[i]), int(batch.ptr[i + 1]))
        assert torch.equal(score[order][rows], score[rows].sort().values)


def test_points_have_a_rank_and_a_half_in_their_cloud() -> None:
    layout = cloud_layout(Batch.from_data_list([Data(pos=torch.randn(n, 3)) for n in (3, 1, 4)]))
    assert layout.rank.tolist() == [0, 1, 2, 0, 0, 1, 2, 3]
    assert layout.first_half.tolist() == [True, True, False, True, True, True, False, False]


def test_attributes_that_are_not_of_points_stay(clouds: Callable[..., Batch]) -> None:
    singles = clouds(4, 3).to_data_list()
    for i, single in enumerate(singles):
        single.scale = torch.tensor([[1.0 + i]])
        single.file = f"cloud {i}"
        single.extra = {"camera": torch.zeros(1, 3) + i}
        single.corners = torch.arange(3 + i)  # 7 in all, as there are points, but 3 and 4, not 4 and 3
        single.weight = torch.tensor(0.5)
    out = index_points(Batch.from_data_list(singles), torch.tensor([0, 2, 5]), torch.tensor([0, 2, 3]))
    first, second = out.to_data_list()
    assert first.part.tolist() == [0, 2] and second.part.tolist() == [1]
    assert (first.file, second.file) == ("cloud 0", "cloud 1") and second.scale.tolist() == [[2.0]]
    assert second.extra["camera"].tolist() == [[1, 1, 1]] and out.weight.tolist() == [0.5, 0.5]
    assert (first.corners.tolist(), second.corners.tolist()) == ([0, 1, 2], [0, 1, 2, 3])


def test_y_belongs_to_the_cloud_even_where_it_has_one_point() -> None:
    batch = Batch.from_data_list([Data(pos=torch.randn(1, 3), y=torch.tensor([label])) for label in (5, 6, 7)])
    out = index_points(batch, torch.tensor([0, 0, 1, 2, 2]), torch.tensor([0, 2, 3, 5]))
    assert out.y.tolist() == [5, 6, 7] and [single.num_nodes for single in out.to_data_list()] == [2, 1, 2]


def test_several_attributes_may_follow_the_points(cloud: Callable[..., Data]) -> None:
    data = cloud(4)
    data.colour = torch.arange(4 * 3).view(4, 3)
    data.seen = torch.tensor([True, False, True, False])
    out = index_points(data, torch.tensor([3, 0]), torch.tensor([0, 2]))
    assert out.colour.tolist() == [[9, 10, 11], [0, 1, 2]] and out.seen.tolist() == [False, True]
    assert out.part.tolist() == [3, 0] and len(data.pos) == 4


# Targets that a transform attaches


def test_targets_of_points_follow_them_and_targets_of_clouds_stay(batch: Batch) -> None:
    set_point_attribute(batch, "voxel", batch.part * 10)
    set_cloud_attribute(batch, "rotation", torch.tensor([5, 6, 7, 8]))
    index = torch.cat([torch.arange(int(begin), int(end)).flip(0)[:2] for begin, end in batch.ptr.unfold(0, 2, 1)])
    ptr = batch.batch[index].bincount(minlength=4).cumsum(0)
    out = index_points(batch, index, torch.cat([ptr.new_zeros(1), ptr]))
    assert torch.equal(out.voxel, out.part * 10) and out.rotation.tolist() == [5, 6, 7, 8]
    for i, single in enumerate(out.to_data_list()):
        assert torch.equal(single.voxel, single.part * 10) and single.rotation.tolist() == [5 + i]


def test_declared_attributes_are_not_inferred_from_their_length() -> None:
    """With as many clouds as points, only the declaration determines the kind of an attribute."""
    batch = Batch.from_data_list([Data(pos=torch.randn(1, 3)) for _ in range(3)])
    set_cloud_attribute(batch, "rotation", torch.tensor([7, 8, 9]))
    set_point_attribute(batch, "voxel", torch.tensor([0, 1, 2]))
    assert point_attributes(batch) == ["pos", "batch", "voxel"]
    out = index_points(batch, torch.tensor([0, 0, 1, 2]), torch.tensor([0, 2, 3, 4]))
    assert out.rotation.tolist() == [7, 8, 9] and out.voxel.tolist() == [0, 0, 1, 2]


def test_an_attribute_of_one_cloud_with_as_many_rows_as_points_stays() -> None:
    data = Data(pos=torch.randn(1, 3))
    set_cloud_attribute(data, "rotation", torch.tensor([4]))
    out = index_points(data, torch.tensor([0, 0, 0]), torch.tensor([0, 3]))
    assert out.rotation.tolist() == [4] and len(out.pos) == 3


def test_attaching_to_a_copy_leaves_the_original_as_it_was(batch: Batch) -> None:
    copy, cuts = batch.__copy__(), dict(batch._slice_dict)
    set_point_attribute(copy, "voxel", torch.zeros(len(batch.pos)))
    assert "voxel" not in batch and batch._slice_dict.keys() == cuts.keys()
    set_cloud_attribute(batch, "voxel", torch.zeros(4))
    assert "voxel" in point_attributes(copy) and "voxel" not in point_attributes(batch)


def test_a_target_of_another_length_is_refused(batch: Batch) -> None:
    with pytest.raises(DataError, match=r"voxel must have a row for each point: expected \[\d+, ...\], got \[3\]"):
        set_point_attribute(batch, "voxel", torch.zeros(3))
    with raises(DataError, argument="rotation", got=[3]):
        set_cloud_attribute(batch, "rotation", torch.zeros(3))
    with raises(DataError, argument="rotation", got=[]):
        set_cloud_attribute(Data(pos=torch.zeros(5, 3)), "rotation", torch.tensor(1))


def test_attributes_can_be_removed_from_a_copy(batch: Batch) -> None:
    set_cloud_attribute(batch, "rotation", torch.arange(4))
    out = without_attributes(batch, "y", "part", "rotation", "absent")
    assert not {"y", "part", "rotation"} & set(out.keys()) and {"y", "part", "rotation"} <= set(batch.keys())
    assert all("y" not in single and "pos" in single for single in out.to_data_list())
    assert all("y" in single for single in batch.to_data_list())


def test_points_without_data_are_refused() -> None:
    points: Any = torch.zeros(5, 3)
    with pytest.raises(
        DataError, match=r"expected points as data\.pos of shape \[M, 3\], got an object of type Tensor"
    ):
        cloud_layout(points)


def test_a_range_of_clouds_is_the_batch_of_these_clouds(clouds: Callable[..., Batch]) -> None:
    whole = clouds(4, 7, 5)
    set_cloud_attribute(whole, "cloud_id", torch.tensor([8, 3, 5]))
    set_point_attribute(whole, "target", torch.randn(16, 2))
    for first, last in ((0, 1), (1, 3), (0, 3)):
        part = cloud_range(whole, first, last)
        begin, end = int(whole.ptr[first]), int(whole.ptr[last])
        assert torch.equal(part.pos, whole.pos[begin:end]) and torch.equal(part.target, whole.target[begin:end])
        assert torch.equal(part.cloud_id, whole.cloud_id[first:last]) and part.num_graphs == last - first
        layout = cloud_layout(part)
        assert layout.counts.tolist() == whole.ptr.diff()[first:last].tolist()
        assert layout.batch.tolist() == [i for i, n in enumerate(layout.counts.tolist()) for _ in range(n)]
        for one, expected in zip(part.to_data_list(), whole.to_data_list()[first:last], strict=True):
            assert torch.equal(one.pos, expected.pos) and torch.equal(one.target, expected.target)
    assert len(whole.pos) == 16 and whole.num_graphs == 3  # it was not changed
