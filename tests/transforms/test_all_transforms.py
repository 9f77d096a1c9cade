"""What holds for every transform: it is tested by being registered."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch_geometric.data import Batch, Data
from torch_geometric.transforms import BaseTransform

from conclu_pyg import TRANSFORMS
from conclu_pyg.data.batch import batch_clouds
from conclu_pyg.errors import DataError

SMALL = {"FixedPoints": {"num_points": 16}}  # arguments where the defaults are too large for these clouds
DETERMINISTIC = {"NormalizeUnitSphere"}


@pytest.fixture(params=list(TRANSFORMS))
def transform(request: pytest.FixtureRequest) -> BaseTransform:
    return TRANSFORMS.build({"name": request.param, **SMALL.get(request.param, {})})


@pytest.fixture
def is_random(transform: BaseTransform) -> bool:
    return type(transform).__name__ not in DETERMINISTIC


def assert_same(one: Data, other: Data) -> None:
    assert set(one.keys()) == set(other.keys())
    for key, value in one.to_dict().items():
        assert torch.equal(value, other[key]), key


def test_the_repr_is_the_class_and_its_arguments(transform: BaseTransform) -> None:
    assert isinstance(transform, BaseTransform)
    assert repr(transform).startswith(f"{type(transform).__name__}(") and "object at" not in repr(transform)


def test_the_docstring_begins_with_a_sentence(transform: BaseTransform) -> None:
    assert (type(transform).__doc__ or "").strip()[:1].isupper()


def test_a_cloud_and_a_batch_of_it_alone_give_the_same(transform: BaseTransform, cloud: Callable[..., Data]) -> None:
    one = cloud(20)
    torch.manual_seed(3)
    alone = transform(one)
    torch.manual_seed(3)
    (in_batch,) = transform(Batch.from_data_list([one])).to_data_list()
    assert_same(alone, in_batch)


def test_the_batch_stays_consistent(transform: BaseTransform, batch: Batch) -> None:
    out = transform(batch)
    assert isinstance(out, Batch) and out.num_graphs == 4
    assert out.pos.shape == (len(out.batch), 3) and out.pos.isfinite().all()
    assert out.ptr.tolist() == [0, *out.batch.bincount(minlength=4).cumsum(0).tolist()]
    assert (out.batch.diff() >= 0).all() and out.batch.dtype == torch.long
    assert len(out.part) == len(out.normal) == len(out.pos) == out.num_nodes


def test_what_each_point_has_follows_it(transform: BaseTransform, batch: Batch) -> None:
    out = transform(batch)
    before = batch.ptr[out.batch] + out.part  # where each point was: part numbers the points of a cloud
    assert torch.equal(out.normal, batch.normal[before])
    assert torch.equal(out.batch, batch.batch[before])


def test_what_each_cloud_has_stays(transform: BaseTransform, batch: Batch) -> None:
    assert torch.equal(transform(batch).y, torch.arange(4))


def test_a_batch_can_be_taken_apart_afterwards(transform: BaseTransform, batch: Batch) -> None:
    out = transform(transform(batch))
    singles = out.to_data_list()
    assert len(singles) == 4
    for i, single in enumerate(singles):
        rows = slice(int(out.ptr[i]), int(out.ptr[i + 1]))
        assert torch.equal(single.pos, out.pos[rows]) and torch.equal(single.part, out.part[rows])
        assert single.y.tolist() == [i]


def test_the_input_is_not_changed(transform: BaseTransform, batch: Batch) -> None:
    before, attributes, cuts = batch.clone(), batch.to_dict(), dict(batch._slice_dict)
    transform(batch)
    assert_same(batch, before)
    assert all(batch[key] is value for key, value in attributes.items())
    assert batch._slice_dict.keys() == cuts.keys() and all(batch._slice_dict[key] is cuts[key] for key in cuts)


def test_one_seed_rules_all(transform: BaseTransform, batch: Batch, is_random: bool) -> None:
    torch.manual_seed(5)
    first = transform(batch)
    second = transform(batch)
    torch.manual_seed(5)
    assert_same(transform(batch), first)
    assert torch.equal(first.pos, second.pos) is not is_random


def test_each_cloud_has_a_draw_of_its_own(
    transform: BaseTransform, copies: Callable[..., Batch], is_random: bool
) -> None:
    first, *others = transform(copies(5)).to_data_list()
    assert all(torch.equal(first.pos, other.pos) is not is_random for other in others)


def test_double_precision_stays(transform: BaseTransform, clouds: Callable[..., Batch]) -> None:
    for sizes in ((20, 20), (20, 9)):
        assert transform(clouds(*sizes, dtype=torch.float64)).pos.dtype == torch.float64


def test_labels_of_clouds_of_one_point_are_no_labels_of_points(
    transform: BaseTransform, clouds: Callable[..., Batch]
) -> None:
    for batch in (clouds(1, 1, 1, 1, 1), batch_clouds(torch.randn(5, 1, 3), y=torch.arange(5))):
        out = transform(batch)
        assert torch.equal(out.y, torch.arange(5)) and out.pos.isfinite().all() and out.num_graphs == 5
        assert [single.y.tolist() for single in out.to_data_list()] == [[0], [1], [2], [3], [4]]


def test_one_point_alone_is_a_cloud(transform: BaseTransform) -> None:
    out = transform(Data(pos=torch.randn(1, 3), y=torch.tensor([3])))
    assert len(out.pos) >= 1 and out.pos.isfinite().all() and out.y.tolist() == [3]


def test_positions_may_lie_in_memory_in_any_way(transform: BaseTransform, is_random: bool) -> None:
    for pos in (torch.randn(40, 6)[:, :3], torch.randn(3, 40).t(), torch.randn(40, 6)[:, 1::2]):
        batch = batch_clouds(torch.zeros(2, 20, 3))
        batch.pos = pos
        out = transform(batch).pos
        batch.pos = pos.contiguous()
        assert out.shape == transform(batch).pos.shape and out.isfinite().all()
        assert is_random or torch.allclose(out, transform(batch).pos, atol=1e-6)


@pytest.mark.parametrize("sizes", [(20, 0, 20), (0,), (0, 0), (3, 3, 0)])
def test_a_cloud_without_points_is_refused(
    transform: BaseTransform, clouds: Callable[..., Batch], sizes: tuple[int, ...]
) -> None:
    expected = f"cloud {sizes.index(0)} of the {len(sizes)} in this batch has no points."
    with pytest.raises(DataError) as error:
        transform(clouds(*sizes))
    assert str(error.value) == expected


def test_an_empty_cloud_alone_is_refused(transform: BaseTransform) -> None:
    with pytest.raises(DataError, match="has no points"):
        transform(Data(pos=torch.empty(0, 3)))


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (Data(), "found none"),
        (Data(pos=torch.zeros(4, 2)), r"found a tensor of shape \[4, 2\]"),
        (Data(pos=torch.zeros(2, 4, 3)), r"found a tensor of shape \[2, 4, 3\]"),
        (batch_clouds(torch.zeros(0, 5, 3)), "found a batch of none"),
        (Data(pos=torch.zeros(4, 3), batch=torch.tensor([0, 0, 1, 1])), r"needs data\.ptr beside data\.batch"),
    ],
    ids=["no positions", "two dimensions", "dense", "no clouds", "no ptr"],
)
def test_what_is_no_cloud_is_refused(transform: BaseTransform, data: Data, found: str) -> None:
    with pytest.raises(DataError, match=found):
        transform(data)


def test_clouds_may_be_empty_of_all_but_positions(transform: BaseTransform) -> None:
    out = transform(Batch.from_data_list([Data(pos=torch.randn(5, 3)), Data(pos=torch.randn(9, 3))]))
    assert out.y is None and out.num_graphs == 2 and len(out.to_data_list()) == 2


class Operations(TorchDispatchMode):
    """Counts the operations that PyTorch is asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.count = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        self.count += 1
        return func(*args, **(kwargs or {}))


@pytest.mark.parametrize("sizes", [(20, 20), (20, 9)], ids=["equal", "ragged"])
def test_no_operation_is_repeated_for_each_cloud(
    transform: BaseTransform, clouds: Callable[..., Batch], sizes: tuple[int, int]
) -> None:
    counts = []
    for times in (2, 16):
        batch = clouds(*sizes * times)
        with Operations() as operations:
            transform(batch)
        counts.append(operations.count)
    assert counts[0] == counts[1] > 0
