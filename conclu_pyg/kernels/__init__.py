"""Compiled kernels for the CPU, used where Numba is installed (``pip install 'conclu_pyg[fast]'``).

Each does in one pass over memory what takes several operations of PyTorch; results are the same up to rounding and
ties. They need no compiler: Numba translates them on the first call and keeps the machine code in its cache.
"""

from conclu_pyg.kernels.choice import compiled_kernels, without_kernels

__all__ = ["compiled_kernels", "without_kernels"]
