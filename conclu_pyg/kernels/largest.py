"""Largest products, with candidates from a product in bfloat16."""

from __future__ import annotations

from functools import partial

import numpy as np

from conclu_pyg.kernels.arrays import FLAGS, Floats, Halves, Rows
from conclu_pyg.kernels.compilation import kernel


@partial(kernel, fastmath={"reassoc", "contract"})
def dot(a: Floats, b: Floats) -> np.float32:
    """Return the inner product, summed in any order."""
    total = np.float32(0)
    for i in range(len(a)):
        total += a[i] * b[i]
    return total


@kernel
def rounded_down(value: np.float32, memory: Floats) -> np.int16:
    """Return a value rounded down to bfloat16, as an integer in the order of the floats: that of negative ones is
    reversed, so the lower 16 bits of one that is not rounded become ones.

    Args:
        memory: for one value.
    """
    memory[0] = value
    bits = memory.view(np.int32)[0]
    return np.int16(((bits ^ 0x7FFFFFFF) - 0xFFFF if bits < 0 else bits) >> 16)


@kernel
def largest_products(
    x: Floats, weight: Floats, approximate: Halves, error: Floats, most: int, value: Floats, argument: Rows
) -> bool:
    """Write the largest product of each channel with a row of ``x``, and its row; the first of equal ones.

    A row is a candidate if its approximate product is within the error of the exact product of the row whose
    approximate product is the largest. Rounding to 16 bits keeps the order, so the bound is rounded, too.

    Args:
        x: ``[N, D]``.
        weight: ``[C, D]``.
        approximate: bits of ``x @ weight.T`` in bfloat16, without NaN: ``[N, C]``, C a multiple of 8. It is changed.
        error: most that a product differs from the approximate one before it was rounded to 16 bits, ``[C]``.
        most: candidates in all channels.
        value, argument: ``[C]``.

    Returns:
        False if there were more candidates than ``most``; the outputs are then not valid.
    """
    num_rows, channels = approximate.shape
    memory, flags = np.empty(1, np.float32), np.empty(channels, np.uint8)
    groups = flags.view(np.int64)
    bound = np.full(channels, -0x8000, np.int16)
    for i in range(num_rows):
        row = approximate[i]
        for c in range(channels):
            row[c] = row[c] ^ ((row[c] >> 15) & 0x7FFF)  # integers in the order of the floats
        for c in range(channels):
            bound[c] = max(bound[c], row[c])
    argument[:] = -1
    for i in range(num_rows):
        row = approximate[i]
        for c in range(channels):
            flags[c] = row[c] == bound[c]
        for g in range(len(groups)):
            if groups[g] != 0:
                for c in range(g * FLAGS, (g + 1) * FLAGS):
                    if flags[c] and argument[c] < 0:
                        argument[c] = i
    for c in range(channels):
        value[c] = dot(x[argument[c]], weight[c])
        bound[c] = rounded_down(value[c] - error[c], memory)
    found = 0
    for i in range(num_rows):
        row = approximate[i]
        for c in range(channels):
            flags[c] = row[c] >= bound[c]
        for g in range(len(groups)):
            if groups[g] != 0:
                for c in range(g * FLAGS, (g + 1) * FLAGS):
                    if flags[c]:
                        found += 1
                        product = dot(x[i], weight[c])
                        if product > value[c]:
                            argument[c], value[c] = i, product
                            bound[c] = rounded_down(product - error[c], memory)
                        elif product == value[c] and i < argument[c]:
                            argument[c] = i
        if found > most:
            return False
    return True
