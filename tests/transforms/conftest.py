"""Clouds that the tests of transforms share."""

from collections.abc import Callable

import pytest
import torch
from torch_geometric.data import Batch, Data

from conclu_pyg.data.batch import batch_clouds


def make_cloud(num_points: int, label: int = 0, dtype: torch.dtype = torch.float32) -> Data:
    """A random cloud whose ``part`` numbers its points, with a normal for each."""
    pos = torch.randn(num_points, 3, dtype=dtype)
    return Data(pos=pos, y=torch.tensor([label]), part=torch.arange(num_points), normal=torch.randn_like(pos))


@pytest.fixture
def cloud() -> Callable[..., Data]:
    return make_cloud


@pytest.fixture
def clouds() -> Callable[..., Batch]:
    """Makes a batch, PyG's way, of random clouds of these sizes, labelled 0, 1, 2 and so on."""

    def clouds(*sizes: int, dtype: torch.dtype = torch.float32) -> Batch:
        return Batch.from_data_list([make_cloud(size, label, dtype) for label, size in enumerate(sizes)])

    return clouds


@pytest.fixture
def copies() -> Callable[..., Batch]:
    """Makes a batch of the same cloud several times over."""

    def copies(size: int, num_points: int = 50, dtype: torch.dtype = torch.float32) -> Batch:
        pos = torch.randn(num_points, 3, dtype=dtype).repeat(size, 1, 1)
        return batch_clouds(pos, y=torch.arange(size), part=torch.arange(num_points).repeat(size, 1))

    return copies


@pytest.fixture(params=["equal", "ragged", "packed"])
def batch(request: pytest.FixtureRequest, clouds: Callable[..., Batch]) -> Batch:
    """Four clouds: from a list, of one size and of several, and from an array."""
    if request.param == "packed":
        batch = batch_clouds(torch.randn(4, 20, 3), y=torch.arange(4), part=torch.arange(20).repeat(4, 1))
        batch.normal = torch.randn_like(batch.pos)  # added after batching, as a user would
        return batch
    return clouds(20, 20, 20, 20) if request.param == "equal" else clouds(20, 7, 1, 33)
