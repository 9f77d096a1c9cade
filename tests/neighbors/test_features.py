"""Neighbours whose candidates come from products in bfloat16. The tests of all searches cover its results."""

import pytest
import torch
from torch import Tensor

from conclu_pyg.kernels import compiled_kernels, without_kernels
from conclu_pyg.neighbors import features
from conclu_pyg.neighbors.features import can_search_features, search_features


@pytest.fixture(autouse=True)
def any_processor(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(features, "multiplies_bf16", lambda: True)


def search(x: Tensor, k: int, sizes: list[int]) -> Tensor | None:
    kernels = compiled_kernels(x)
    assert kernels is not None
    return search_features(kernels, x, k, sizes)


@pytest.mark.parametrize("kind", ["surface", "near", "lattice", "repeated", "far"])
@pytest.mark.parametrize("chunk", [1 << 20, 1000])
def test_distances_are_the_smallest(kind: str, chunk: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(features, "CHUNK", chunk)
    torch.manual_seed(0)
    x = torch.nn.functional.leaky_relu(torch.randn(203, 3) @ torch.randn(3, 32), 0.2)
    if kind == "near":  # the scores of most points are equal in bfloat16
        x = torch.randn(32) + 1e-3 * x
    elif kind == "lattice":
        x = x.sign()
    elif kind == "repeated":
        x = x[torch.arange(203) % 20]
    elif kind == "far":
        x[0] = 1e4
    index = search(x, 9, [70, 133])
    assert index is not None
    for rows, first in ((slice(0, 70), 0), (slice(70, 203), 70)):
        cloud, found = x[rows].double(), index[rows] - first
        exact = (cloud[:, None] - cloud).square().sum(dim=2)
        assert (found == torch.arange(len(cloud))[:, None]).any(dim=1).all()
        assert all(len(set(row)) == 9 for row in found.tolist())
        ours, expected = exact.gather(1, found).sort(dim=1).values, exact.sort(dim=1).values[:, :9]
        torch.testing.assert_close(ours, expected, rtol=1e-5, atol=1e-6 * float(exact.max()) if kind == "far" else 1e-9)


def test_errors_of_the_products_are_covered() -> None:
    """With two channels they do not cancel: without their part of the bound, neighbours would be missed."""
    for seed in range(5):
        torch.manual_seed(seed)
        x = torch.nn.functional.normalize(torch.randn(300, 2), dim=1)
        index = search(x, 9, [300])
        assert index is not None
        exact = (x.double()[:, None] - x.double()).square().sum(dim=2)
        ours, expected = exact.gather(1, index).sort(dim=1).values, exact.sort(dim=1).values[:, :9]
        torch.testing.assert_close(ours, expected, rtol=0, atol=1e-6)


def test_norms_without_a_bound_of_the_error_are_left_to_others() -> None:
    x = torch.randn(90, 16)
    assert search(x, 3, [45, 45]) is not None
    for factor in (0, 1e-20, 1e16):
        assert search(torch.cat([x[:45], factor * x[45:]]), 3, [45, 45]) is None


def test_only_large_clouds_of_features_in_float32_are_searched() -> None:
    x = torch.randn(1100, 16)
    assert can_search_features(x, 20, [512, 588]) is compiled_kernels()
    assert can_search_features(x, 20, [511, 589]) is None and can_search_features(x, 1, [1100]) is None
    assert can_search_features(x, 366, [1100]) is not None and can_search_features(x, 367, [1100]) is None
    assert can_search_features(x[:, :15], 20, [1100]) is None and can_search_features(x.double(), 20, [1100]) is None
    with without_kernels():
        assert can_search_features(x, 20, [1100]) is None
