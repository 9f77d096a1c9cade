"""Neighbours by torch-cluster: a k-d tree per cloud on the CPU, all pairs on CUDA."""

from __future__ import annotations

from itertools import accumulate

import torch
from torch import Tensor

from conclu_pyg.errors import ConfigError
from conclu_pyg.neighbors.base import Neighbors
from conclu_pyg.neighbors.threads import for_each
from conclu_pyg.registry import NEIGHBORS

MAX_CUDA_K = 100  # the length of the list that each of its CUDA threads keeps


@NEIGHBORS.register_module(name="torch_cluster")
class TorchClusterNeighbors(Neighbors):
    """``torch_cluster.knn``, which uses one thread on the CPU: clouds in as many as PyTorch uses; on CUDA all at once.

    Raises:
        ConfigError: torch-cluster is not installed, or k is above 100 on CUDA.
    """

    def __init__(self) -> None:
        try:
            import torch_cluster
        except (ImportError, OSError) as error:  # the latter where it was built for another torch
            raise ConfigError(
                f"NEIGHBORS 'torch_cluster' needs torch-cluster, which cannot be imported ({error}); in the folder of "
                "this project `pip install -c constraints.txt --no-build-isolation -e '.[cluster]'` compiles it, which "
                "takes minutes; or name 'auto' instead."
            ) from error
        self._knn = torch_cluster.knn

    def search(self, x: Tensor, k: int, sizes: list[int]) -> Tensor:
        if x.is_cuda and k > MAX_CUDA_K:
            raise ConfigError(
                f"torch-cluster takes a k of at most {MAX_CUDA_K} on CUDA, found {k}; name 'dense' or 'auto' instead."
            )
        if x.device.type != "cpu":
            return self._search_together(x, k, sizes)
        index = torch.empty(len(x), k, dtype=torch.long, device=x.device)
        starts = [0, *accumulate(sizes)]

        def fill(cloud: int) -> None:
            span = slice(starts[cloud], starts[cloud + 1])
            near = self._search_together(x[span], k, sizes[cloud : cloud + 1])
            index[span] = torch.where(near < 0, -1, near + starts[cloud])

        for_each(fill, range(len(sizes)), x.device)
        return index

    def _search_together(self, x: Tensor, k: int, sizes: list[int]) -> Tensor:
        counts = torch.tensor(sizes, device=x.device)
        batch = torch.arange(len(sizes), device=x.device).repeat_interleave(counts)
        point, near = self._knn(x, x, k, batch, batch, batch_size=len(sizes))
        if min(sizes) >= k:
            return near.view(len(x), k)
        # Each point has as many pairs as there are neighbours, one point after another.
        found = counts.clamp(max=k)[batch]  # (M,)
        place = torch.arange(len(near), device=x.device) - (found.cumsum(0) - found)[point]
        index = near.new_full((len(x), k), -1)
        index[point, place] = near
        return index
