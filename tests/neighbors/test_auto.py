"""The automatic choice of a search, with and without torch-cluster."""

import sys

import pytest
import torch

from conclu_pyg import NEIGHBORS
from conclu_pyg.errors import ConfigError
from conclu_pyg.neighbors.auto import AutoNeighbors


@pytest.mark.parametrize(
    ("channels", "sizes", "device", "name"),
    [
        (3, [2048, 2048], "cpu", "TreeNeighbors"),
        (3, [2048, 10, 10], "cpu", "TreeNeighbors"),
        (3, [256, 256], "cpu", "DenseNeighbors"),
        (3, [2048, 2048], "meta", "DenseNeighbors"),
        (64, [2048, 2048], "cpu", "DenseNeighbors"),
        (128, [8192], "cpu", "DenseNeighbors"),
    ],
)
def test_a_tree_for_large_clouds_of_coordinates_else_products(
    channels: int, sizes: list[int], device: str, name: str
) -> None:
    way = AutoNeighbors().choose(torch.empty(sum(sizes), channels, device=device), sizes)
    assert type(way).__name__ == name


@pytest.mark.parametrize("channels", [3, 16])
def test_either_choice_equals_the_others(channels: int) -> None:
    x, batch = torch.randn(2400, channels, dtype=torch.double), torch.arange(2).repeat_interleave(1200)
    found = [NEIGHBORS.build({"name": name})(x, 8, batch, 2).sort().values for name in ("auto", "dense", "tree")]
    assert torch.equal(found[0], found[1]) and torch.equal(found[0], found[2])


def test_torch_cluster_is_used_only_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch_cluster", None)  # as if it were not installed
    x, batch = torch.randn(10, 3), torch.zeros(10, dtype=torch.long)
    for name in set(NEIGHBORS) - {"torch_cluster"}:
        assert NEIGHBORS.build({"name": name})(x, 2, batch, 1).shape == (10, 2)
    with pytest.raises(ConfigError) as error:
        NEIGHBORS.build({"name": "torch_cluster"})
    assert r"needs torch-cluster, which cannot be imported" in str(error.value)
    assert "`pip install -c constraints.txt --no-build-isolation -e '.[cluster]'` compiles it" in str(error.value)
    assert "\n" not in str(error.value)
