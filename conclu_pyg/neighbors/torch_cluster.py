"""Neighbour search by torch-cluster: a k-d tree per cloud on the CPU, all pairs on CUDA."""

from __future__ import annotations

from itertools import accumulate

import torch
from torch import Tensor

from conclu_pyg.errors import ConfigError
from conclu_pyg.neighbors.base import Neighbors
from conclu_pyg.neighbors.threads import for_each
from conclu_pyg.registry import NEIGHBORS

MAX_CUDA_K = 100  # capacity of the list in torch-cluster's CUDA kernel


@NEIGHBORS.register_module(name="torch_cluster")
class TorchClusterNeighbors(Neighbors):
    """Calls ``torch_cluster.knn``: on the CPU, where it is single-threaded, for clouds in parallel threads; on CUDA for
    all clouds at once.

    Raises:
        ConfigError: torch-cluster is not installed, or k is above 100 on CUDA.
    """

    def __init__(self) -> None:
        try:
            import torch_cluster
        except (ImportError, OSError) as error:  # OSError if it was built for another torch
            raise ConfigError(
                f"NEIGHBORS 'torch_cluster' needs torch-cluster, which cannot be imported ({error}); in the folder of "
                "this project `pip install -c constraints.txt --no-build-isolation -e '.[cluster]'` compiles it, which "
                "takes minutes; or name 'auto' instead."
            ) from error
        self._knn = torch_cluster.knn

    def search(self, x: Tensor, k: int, sizes: list[int]) -> Tensor:
        if x.is_cuda and k > MAX_CUDA_K:
            raise ConfigError(
                f"NEIGHBORS 'torch_cluster': k must be <= {MAX_CUDA_K} on CUDA, got {k}; use 'dense' or 'auto' "
                "instead.",
                argument="k",
                got=k,
            )
        if x.device.type != "cpu":
            return self._search_together(x, k, sizes)
        index = torch.empty(len(x), k, dtype=torch.long, device=x.device)
        starts = [0, *accumulate(sizes)]

        def fill(cloud: int) -> None:
            span = slice(starts[cloud], starts[cloud + 1])
            nearest = self._search_together(x[span], k, sizes[cloud : cloud + 1])
            index[span] = torch.where(nearest < 0, -1, nearest + starts[cloud])

        for_each(fill, range(len(sizes)), x.device)
        return index

    def _search_together(self, x: Tensor, k: int, sizes: list[int]) -> Tensor:
        counts = torch.tensor(sizes, device=x.device)
        batch = torch.arange(len(sizes), device=x.device).repeat_interleave(counts)
        point, neighbor = self._knn(x, x, k, batch, batch, batch_size=len(sizes))
        if min(sizes) >= k:
            return neighbor.view(len(x), k)
        # Pairs are grouped by point; a point has as many as it has neighbours.
        found = counts.clamp(max=k)[batch]  # (M,)
        column = torch.arange(len(neighbor), device=x.device) - (found.cumsum(0) - found)[point]
        index = neighbor.new_full((len(x), k), -1)
        index[point, column] = neighbor
        return index
