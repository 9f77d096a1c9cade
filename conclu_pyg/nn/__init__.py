"""Layers of encoders and heads, one per file."""

from conclu_pyg.nn.cloud_linear import CloudLinear
from conclu_pyg.nn.edge_conv import EdgeConv
from conclu_pyg.nn.mlp import mlp
from conclu_pyg.nn.nearest_in_cloud import NearestInCloud
from conclu_pyg.nn.neighbor_lists import edges_to_table
from conclu_pyg.nn.pool import equal_clouds, max_pool
from conclu_pyg.nn.pooled_linear import PooledLinear
from conclu_pyg.nn.transform_net import TransformNet

__all__ = [
    "CloudLinear",
    "EdgeConv",
    "NearestInCloud",
    "PooledLinear",
    "TransformNet",
    "edges_to_table",
    "equal_clouds",
    "max_pool",
    "mlp",
]
