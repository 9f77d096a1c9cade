"""Maximum of a linear layer's output over the points of each cloud, with candidates from products in bfloat16.

Where the processor multiplies bfloat16 natively, its products take a quarter to a half of the time of those in float32.
Few points of a cloud can then have the largest value of a channel, and their products are computed in float32, so the
result is exact.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from conclu_pyg.kernels import compiled_kernels
from conclu_pyg.neighbors.threads import for_each
from conclu_pyg.nn.bf16 import PRODUCT, multiplies_bf16, rounding_of_sums

CHUNK = 1 << 20  # entries of the [points, channels] product held at a time by each thread: 2 MiB in bfloat16
MIN_PRODUCTS = 1 << 24  # of a cloud: below, products in float32 take no longer
MAX_CANDIDATES = 4  # one in as many values, at most
NORMS = (1e-15, 1e15)  # within which no product leaves the range of normal numbers


def can_screen(x: Tensor, weight: Tensor, num_points: int) -> bool:
    """Return whether a search by products in bfloat16 is possible, and takes less time than products in float32.

    Args:
        x: the points of all clouds.
        weight: the weight.
        num_points: of a cloud.

    Shapes:
        - **x:** ``[..., D]``, **weight:** ``[C, D]``
    """
    return (
        x.dtype in (torch.float32, torch.bfloat16)
        and weight.dtype == torch.float32
        and num_points * weight.numel() >= MIN_PRODUCTS
        and len(weight) % 8 == 0
        and not torch.compiler.is_compiling()
        and multiplies_bf16()
        and compiled_kernels(x, weight) is not None
    )


@torch.no_grad()
def screened_maximum(x: Tensor, weight: Tensor) -> tuple[Tensor, Tensor]:
    r"""Return the largest value of each channel of :math:`W x` in each cloud, and the index of its point.

    With :math:`u = 2^{-8}`, the rounding of bfloat16, a product of two rounded vectors differs from the exact one by at
    most :math:`(2 u + u^2) |x| |w|`, before it is rounded itself. Clouds are centred, to reduce the norms.

    Shapes:
        - **x:** ``[B, N, D]``, **weight:** ``[C, D]``, C a multiple of 8; **output:** ``[B, C]`` each
    """
    x, weight = x.detach(), weight.detach().contiguous()
    value, index = x.new_empty(len(x), len(weight), dtype=torch.float32), torch.empty(len(x), len(weight)).long()

    def search(clouds: Tensor) -> None:
        with torch.no_grad(), torch.autocast("cpu", enabled=False):  # modes belong to a thread
            screen = Screen(weight, x.size(1))
            for cloud in clouds.tolist():
                value[cloud], index[cloud] = screen.maximum(x[cloud].float())

    parts = torch.arange(len(x)).tensor_split(min(len(x), torch.get_num_threads()))
    for_each(search, parts, x.device)
    return value, index


class Screen:
    """A weight that is prepared for the search, and the memory of a thread.

    Args:
        weight: the weight.
        num_points: of the largest cloud.

    Shapes:
        - **weight:** ``[C, D]``, C a multiple of 8
    """

    def __init__(self, weight: Tensor, num_points: int) -> None:
        kernels = compiled_kernels(weight)
        assert kernels is not None
        self.kernel = kernels.largest_products
        self.weight, self.rounded = weight, weight.to(torch.bfloat16).t()
        norm = torch.linalg.vector_norm(weight, dim=1)
        self.in_range = norm.max().item() <= NORMS[1]
        self.error = norm * (PRODUCT + rounding_of_sums(weight.size(1))) + NORMS[0] * PRODUCT
        self.step = min(num_points, max(1, CHUNK // len(weight)))
        self.offset = weight.new_empty(self.step, weight.size(1))
        self.rounded_offset = self.offset.to(torch.bfloat16)
        self.approximate = self.rounded_offset.new_empty(self.step, len(weight))
        self.value = np.empty(len(weight), np.float32)
        self.index = np.empty(len(weight), np.int32)

    def maximum(self, points: Tensor) -> tuple[Tensor, Tensor]:
        """Return the largest values and their points.

        Shapes:
            - **points:** ``[N, D]``, **output:** ``[C]`` each
        """
        center = points.mean(dim=0)
        value, index = (each.clone() for each in self._chunk(points[: self.step], center))
        for start in range(self.step, len(points), self.step):
            other, at = self._chunk(points[start : start + self.step], center)
            index = torch.where(other > value, at + start, index)
            value = torch.maximum(value, other)
        return value + self.weight @ center, index

    def _chunk(self, points: Tensor, center: Tensor) -> tuple[Tensor, Tensor]:
        """Return the largest values of the offsets of points, and their indices, which the next call changes."""
        offset, rounded, approximate = (
            each[: len(points)] for each in (self.offset, self.rounded_offset, self.approximate)
        )
        torch.sub(points, center, out=offset)
        largest = torch.linalg.vector_norm(offset, dim=1).max().item()
        if NORMS[0] <= largest <= NORMS[1] and self.in_range:  # not if one is NaN
            torch.mm(rounded.copy_(offset), self.rounded, out=approximate)
            bits, error = approximate.view(torch.int16).numpy(), (largest * self.error).numpy()
            arguments = (offset.numpy(), self.weight.numpy(), bits, error, bits.size // MAX_CANDIDATES)
            if self.kernel(*arguments, self.value, self.index):
                return torch.from_numpy(self.value), torch.from_numpy(self.index)
        found = (offset @ self.weight.t()).max(dim=0)
        return found.values, found.indices
