"""Matrix products in full float32, whatever the program chose for its layers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch

REDUCED = ("tf32", "bf16")


@contextmanager
def full_float32() -> Iterator[None]:
    """Within it, products of float32 are not shortened to TF32 or bf16, as ``torch.set_float32_matmul_precision`` and
    ``torch.backends.fp32_precision`` allow; that would swap neighbours. The setting is the whole process's.
    """
    backends = (torch.backends.mkldnn.matmul, torch.backends.cuda.matmul)  # type: ignore[attr-defined]
    before = [backend.fp32_precision for backend in backends]
    try:
        for backend, precision in zip(backends, before, strict=True):
            if precision in REDUCED:
                backend.fp32_precision = "ieee"
        yield
    finally:
        for backend, precision in zip(backends, before, strict=True):
            if precision in REDUCED:
                backend.fp32_precision = precision
