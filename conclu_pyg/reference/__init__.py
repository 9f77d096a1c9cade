"""Reference implementations of the fused layers: the textbook form, for tests and benchmarks."""

from conclu_pyg.reference.convert import to_reference
from conclu_pyg.reference.layers import ReferenceEdgeConv, ReferencePooledLinear
from conclu_pyg.reference.neighbors import ReferenceNeighbors

__all__ = ["ReferenceEdgeConv", "ReferenceNeighbors", "ReferencePooledLinear", "to_reference"]
