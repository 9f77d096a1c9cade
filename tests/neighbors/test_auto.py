"""The automatic choice of a search, with and without torch-cluster."""

import sys

import pytest
import torch

from conclu_pyg import NEIGHBORS
from conclu_pyg.errors import ConfigError
from conclu_pyg.kernels import without_kernels
from conclu_pyg.neighbors.auto import AutoNeighbors


@pytest.mark.parametrize(
    ("channels", "sizes", "device", "compiled", "plain"),
    [
        (3, [2048, 2048], "cpu", "Dense", "Tree"),
        (3, [2048, 10, 10], "cpu", "Dense", "Tree"),
        (3, [16384, 10], "cpu", "Tree", "Tree"),
        (3, [256, 256], "cpu", "Dense", "Dense"),
        (3, [8192], "meta", "Dense", "Dense"),
        (4, [2048], "cpu", "Tree", "Tree"),
        (64, [2048, 2048], "cpu", "Dense", "Dense"),
        (128, [8192], "cpu", "Dense", "Dense"),
    ],
)
def test_a_tree_for_large_clouds_of_coordinates_else_all_distances(
    channels: int, sizes: list[int], device: str, compiled: str, plain: str
) -> None:
    x = torch.empty(sum(sizes), channels, device=device)
    assert type(AutoNeighbors().choose(x, sizes)).__name__ == f"{compiled}Neighbors"
    with without_kernels():
        assert type(AutoNeighbors().choose(x, sizes)).__name__ == f"{plain}Neighbors"
    if channels == 3 and device == "cpu":  # the kernel is for float32 alone
        assert type(AutoNeighbors().choose(x.double(), sizes)).__name__ == f"{plain}Neighbors"


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
