"""Layers that encoders and heads are made of: one per file."""

from conclu_pyg.nn.mlp import mlp
from conclu_pyg.nn.pool import equal_clouds, max_pool
from conclu_pyg.nn.pooled_linear import PooledLinear
from conclu_pyg.nn.sizes import check_sizes
from conclu_pyg.nn.transform_net import TransformNet

__all__ = ["PooledLinear", "TransformNet", "check_sizes", "equal_clouds", "max_pool", "mlp"]
