"""The dense search: chunks, memory and precision."""

from typing import Any

import pytest
import torch
from torch import Tensor

from conclu_pyg.neighbors import dense
from conclu_pyg.neighbors.base import Neighbors
from conclu_pyg.neighbors.dense import DenseNeighbors
from conclu_pyg.neighbors.smallest import smallest


def batch_of(sizes: list[int]) -> Tensor:
    return torch.arange(len(sizes)).repeat_interleave(torch.tensor(sizes))


@pytest.mark.parametrize("sizes", [[32, 32, 32], [5, 40, 5, 1, 33, 40, 40], [64]], ids=["equal", "ragged", "one"])
@pytest.mark.parametrize("k", [1, 10, 45])
@pytest.mark.parametrize("chunk", [1, 100, 1500, 5000])
def test_any_chunk_gives_the_same(sizes: list[int], k: int, chunk: int, monkeypatch: pytest.MonkeyPatch) -> None:
    x, batch = torch.randn(sum(sizes), 6, dtype=torch.double), batch_of(sizes)
    expected = DenseNeighbors()(x, k, batch, len(sizes)).sort().values
    monkeypatch.setattr(dense, "CHUNK", chunk)
    assert torch.equal(DenseNeighbors()(x, k, batch, len(sizes)).sort().values, expected)


@pytest.mark.parametrize("k", [3, 6, 12])
def test_missing_neighbours_are_last(k: int, monkeypatch: pytest.MonkeyPatch) -> None:
    sizes = [9, 2, 5, 1]
    x, batch = torch.randn(sum(sizes), 4, dtype=torch.double), batch_of(sizes)
    expected = DenseNeighbors()(x, k, batch, len(sizes))
    monkeypatch.setattr(dense, "smallest", lambda values, k: smallest(values, k).flip(1))
    index = DenseNeighbors()(x, k, batch, len(sizes))
    assert torch.equal(index < 0, torch.arange(k) >= torch.tensor(sizes)[batch][:, None])
    assert torch.equal(index.sort().values, expected.sort().values)


def test_a_point_is_its_own_neighbour_among_any_number_at_its_place() -> None:
    index = DenseNeighbors()(torch.ones(40, 3), 2, batch_of([20, 20]), 2)
    assert all(point in row for point, row in enumerate(index.tolist()))


@pytest.mark.parametrize("sizes", [[1500, 1500], [2000, 900, 50, 50]], ids=["equal", "ragged"])
def test_memory_is_linear_in_the_number_of_points(
    sizes: list[int], monkeypatch: pytest.MonkeyPatch, largest_tensor: Any
) -> None:
    monkeypatch.setattr(dense, "CHUNK", 10000)
    x, before = torch.randn(3000, 4), torch.get_num_threads()
    torch.set_num_threads(1)  # what other threads do would not be noted
    try:
        with largest_tensor() as seen:
            DenseNeighbors()(x, 20, batch_of(sizes), len(sizes))
    finally:
        torch.set_num_threads(before)
    assert 10000 / 2 <= seen.entries <= 3000 * 20


@pytest.mark.parametrize("precision", ["highest", "high", "medium"])
def test_a_reduced_precision_of_products_is_suspended(precision: str) -> None:
    seen: list[str] = []

    class Watch(Neighbors):
        def search(self, x: Tensor, k: int, sizes: list[int]) -> Tensor:
            seen.append(torch.backends.mkldnn.matmul.fp32_precision)  # type: ignore[attr-defined]
            seen.append(torch.backends.cuda.matmul.fp32_precision)
            raise KeyError

    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision(precision)
    try:
        with pytest.raises(KeyError):
            Watch()(torch.randn(4, 3), 1, batch_of([4]), 1)
        assert torch.get_float32_matmul_precision() == precision
    finally:
        torch.set_float32_matmul_precision(before)
    assert len(seen) == 2 and set(seen) <= {"ieee", "none"}
