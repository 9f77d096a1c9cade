"""The plain form of the layer that ends in a maximum over each cloud."""

from __future__ import annotations

from torch import Tensor

from conclu_pyg.nn.pooled_linear import PooledLinear


class PlainPooledLinear(PooledLinear):
    """:class:`~conclu_pyg.nn.pooled_linear.PooledLinear` whose pooled output, too, is the maximum of the whole tensor
    of per-point features: the reference that tests and benchmarks compare with. Arguments and weights are the same.

    Shapes:
        - **x:** ``[M, in_channels]``, **batch:** ``[M]``
        - **per-point output:** ``[M, out_channels]``, **pooled output:** ``[B, out_channels]``
    """

    def pool(self, x: Tensor, batch: Tensor, batch_size: int) -> Tensor:
        return self(x, batch, batch_size)[1]
