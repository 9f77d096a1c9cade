"""Products in bfloat16 on the CPU, where they are faster than in float32."""

from __future__ import annotations

import functools

import torch

ROUNDING = 2.0**-8  # of a number in bfloat16, relative
PRODUCT = 2 * ROUNDING + ROUNDING**2  # of a product of two rounded numbers


@functools.cache
def multiplies_bf16() -> bool:
    """Return whether the processor multiplies bfloat16 natively."""
    capabilities = torch.cpu.get_capabilities()
    return bool(capabilities.get("avx512_bf16") or capabilities.get("amx_bf16"))


def rounding_of_sums(length: int) -> float:
    """Return a bound of the relative rounding errors of sums, norms and differences of so many values in float32."""
    return (length + 8) * 2.0**-23
