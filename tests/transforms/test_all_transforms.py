"""Every registered transform passes the public test suite, and more."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from helpers import raises
from torch.utils._python_dispatch import TorchDispatchMode
from torch_geometric.data import Batch, Data
from torch_geometric.transforms import BaseTransform

from conclu_pyg import TRANSFORMS
from conclu_pyg.data.batch import batch_clouds
from conclu_pyg.errors import DataError
from conclu_pyg.testing import check_transform

# Arguments where the defaults are too large for these clouds.
SMALL = {
    "FixedPoints": {"num_points": 16},
    "OccludeFromViewpoint": {"points_per_pixel": 1.0},
    "RandomCuboidCrop": {"volume": 0.1},
    "RandomCutout": {"low": 0.6, "high": 0.9},
}
DETERMINISTIC = {"NormalizeUnitSphere", "OtherFrame", "SplitByAngles"}


@pytest.fixture(params=list(TRANSFORMS))
def transform(request: pytest.FixtureRequest) -> BaseTransform:
    return TRANSFORMS.build({"name": request.param, **SMALL.get(request.param, {})})


def test_the_repr_is_the_class_and_its_arguments(transform: BaseTransform) -> None:
    assert isinstance(transform, BaseTransform)
    assert repr(transform).startswith(f"{type(transform).__name__}(") and "object at" not in repr(transform)


def test_it_passes_the_suite(transform: BaseTransform) -> None:
    check_transform(transform, deterministic=type(transform).__name__ in DETERMINISTIC)


def test_the_docstring_begins_with_a_sentence(transform: BaseTransform) -> None:
    assert (type(transform).__doc__ or "").strip()[:1].isupper()


@pytest.mark.parametrize("sizes", [(20, 0, 20), (0,), (0, 0), (3, 3, 0)])
def test_a_cloud_without_points_is_refused(
    transform: BaseTransform, clouds: Callable[..., Batch], sizes: tuple[int, ...]
) -> None:
    expected = f"cloud {sizes.index(0)} of the {len(sizes)} in this batch has no points."
    with pytest.raises(DataError) as error:
        transform(clouds(*sizes))
    assert str(error.value) == expected


def test_a_single_empty_cloud_is_refused(transform: BaseTransform) -> None:
    with raises(DataError, argument="pos", got=0):
        transform(Data(pos=torch.empty(0, 3)))


@pytest.mark.parametrize(
    ("data", "argument", "got"),
    [
        (Data(), "pos", "none"),
        (Data(pos=torch.zeros(4, 2)), "pos", "a tensor of shape [4, 2]"),
        (Data(pos=torch.zeros(2, 4, 3)), "pos", "a tensor of shape [2, 4, 3]"),
        (batch_clouds(torch.zeros(0, 5, 3)), "batch", 0),
        (Data(pos=torch.zeros(4, 3), batch=torch.tensor([0, 0, 1, 1])), "ptr", None),
    ],
    ids=["no positions", "two dimensions", "dense", "no clouds", "no ptr"],
)
def test_invalid_clouds_are_refused(transform: BaseTransform, data: Data, argument: str, got: Any) -> None:
    with raises(DataError, argument=argument, got=got):
        transform(data)


def test_clouds_with_positions_only_are_accepted(transform: BaseTransform) -> None:
    out = transform(Batch.from_data_list([Data(pos=torch.randn(5, 3)), Data(pos=torch.randn(9, 3))]))
    assert out.y is None and out.num_graphs == 2 and len(out.to_data_list()) == 2


class Operations(TorchDispatchMode):
    """Counts PyTorch's operations."""

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
