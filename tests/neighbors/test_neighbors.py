"""Every registered search for neighbours gives what sorting all distances gives."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from conclu_pyg import NEIGHBORS

SIZES = {
    "equal": [40, 40, 40],
    "ragged": [3, 70, 1, 20, 33],
    "one cloud": [50],
    "one point per cloud": [1, 1, 1],
    "fewer than k": [4, 2, 6, 4],
}


@pytest.fixture(params=list(NEIGHBORS))
def search(request: pytest.FixtureRequest) -> Callable[..., Tensor]:
    if request.param == "torch_cluster":
        pytest.importorskip("torch_cluster")
    neighbors: Callable[..., Tensor] = NEIGHBORS.build({"name": request.param})
    return neighbors


def batch_of(sizes: list[int]) -> Tensor:
    return torch.arange(len(sizes)).repeat_interleave(torch.tensor(sizes))


def distances(x: Tensor, batch: Tensor) -> np.ndarray:
    """All squared distances in double precision, infinite between clouds, ``[M, M]``."""
    points, clouds = x.double().numpy(), batch.numpy()
    squares = ((points[:, None] - points[None]) ** 2).sum(axis=2)
    return np.where(clouds[:, None] == clouds[None], squares, np.inf)


def check(index: Tensor, x: Tensor, k: int, batch: Tensor, *, sets: bool = True, rtol: float = 1e-9) -> None:
    """The rows hold the right points (``sets``, for inputs without ties), and points at the right distances."""
    assert index.dtype == torch.long and index.shape == (len(x), k) and not index.requires_grad
    squares, clouds = distances(x, batch), batch.numpy()
    for point, row in enumerate(index.numpy()):
        found = min(k, int((clouds == clouds[point]).sum()))
        assert (row[found:] == -1).all()
        row = row[:found]
        assert len(set(row)) == found and ((row >= 0) & (row < len(x))).all()
        assert (clouds[row] == clouds[point]).all()
        nearest = np.argsort(squares[point], kind="stable")[:found]
        if sets:
            assert set(row) == set(nearest) and point in row
        scale = squares[point][clouds == clouds[point]].max()
        assert np.allclose(np.sort(squares[point, row]), squares[point, nearest], rtol=rtol, atol=rtol * scale)


@pytest.mark.parametrize("sizes", SIZES.values(), ids=SIZES.keys())
@pytest.mark.parametrize("k", [1, 5, 20])
@pytest.mark.parametrize("channels", [1, 3, 12])
def test_the_nearest_of_the_same_cloud(search: Any, sizes: list[int], k: int, channels: int) -> None:
    batch = batch_of(sizes)
    for _ in range(3):
        x = torch.randn(len(batch), channels, dtype=torch.double)
        check(search(x, k, batch, len(sizes)), x, k, batch)
