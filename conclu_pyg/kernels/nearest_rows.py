"""Nearest rows, with candidates from a product in bfloat16."""

from __future__ import annotations

from functools import partial

import numpy as np

from conclu_pyg.kernels.arrays import FLAGS, Bytes, Floats, Halves, Longs, Rows
from conclu_pyg.kernels.bound import bound
from conclu_pyg.kernels.compilation import kernel
from conclu_pyg.kernels.largest import rounded_down

MAX_WIDTH = 16  # values of a group


@partial(kernel, fastmath={"reassoc", "contract"})
def _squared_distance(a: Floats, b: Floats) -> np.float32:
    """Return the sum of the squared differences, in any order."""
    total = np.float32(0)
    for i in range(len(a)):
        total += (a[i] - b[i]) * (a[i] - b[i])
    return total


@kernel
def _collect(
    x: Floats, i: int, row: Halves, above: int, limit: int, flags: Bytes, distances: Floats, ids: Rows, count: int
) -> int:
    """Append the distances of a point to the others whose key is above ``above`` and at most ``limit``.

    Args:
        flags: memory for N values and up to 7 more, which are 0.
        distances, ids: receive squared distances and rows, from ``count`` on.

    Returns:
        The new count.
    """
    for j in range(len(row)):
        flags[j] = (row[j] > above) & (row[j] <= limit)
    words = flags.view(np.int64)
    first = count
    for w in range(len(words)):
        if words[w] != 0:
            for j in range(w * FLAGS, (w + 1) * FLAGS):  # without branches, which would be mispredicted
                ids[count] = j
                count += flags[j] & (j != i)
    for c in range(first, count):
        distances[c] = _squared_distance(x[i], x[ids[c]])
    return count


@kernel
def nearest_rows(
    x: Floats, begin: int, k: int, scores: Halves, norm: Floats, error: Floats, offset: int, out: Longs
) -> None:
    """Write the k nearest rows of the rows from ``begin`` on, themselves included, in no order. Distances are sums of
    squared differences.

    The k nearest among the rows with small scores give an upper bound of the k-th distance; a row is a candidate if its
    score is up to that bound plus the error. Rounding to 16 bits keeps the order, so the bound is rounded, too.

    Args:
        x: rows of one cloud, ``[N, D]``.
        k: from 2 to N / 3.
        scores: bits of :math:`|x_j|^2 - 2 x_i \\cdot x_j` in bfloat16, without NaN, ``[R, N]``. They are changed.
        norm: :math:`|x_i|^2`, ``[R]``.
        error: most that the scores of a row differ from exact ones before they were rounded to 16 bits, ``[R]``.
        offset: added to the rows.
        out: ``[R, k]``.
    """
    num_points = scores.shape[1]
    width = MAX_WIDTH
    while num_points // width < 3 * k and width > 1:
        width //= 2
    groups = num_points // width
    minima, memory = np.empty(groups, np.int32), np.empty(1, np.float32)
    flags = np.zeros((num_points + FLAGS - 1) // FLAGS * FLAGS, np.uint8)
    smallest = np.empty(groups, np.int16)
    distances, ids = np.empty(num_points, np.float32), np.empty(num_points + 1, np.int32)
    chosen = np.empty(2 * num_points + 1, np.int32)
    bits = distances.view(np.int32)  # in the order of the distances, which are not negative
    for r in range(len(scores)):
        i, row = begin + r, scores[r]
        for j in range(num_points):
            row[j] = row[j] ^ ((row[j] >> 15) & 0x7FFF)  # integers in the order of the floats
        smallest[:] = row[:groups]
        for s in range(1, width):
            part = row[s * groups : (s + 1) * groups]
            for g in range(groups):
                smallest[g] = min(smallest[g], part[g])
        for g in range(groups):
            minima[g] = smallest[g]
        first = bound(minima, groups, k)
        count = _collect(x, i, row, -0x10000, first, flags, distances, ids, 0)
        memory[0] = 0
        memory.view(np.int32)[0] = bound(bits, count, k - 1)
        last = -1 - rounded_down(norm[r] - memory[0] - error[r], memory)  # rounded up: the order is symmetric
        if last > first:
            count = _collect(x, i, row, first, last, flags, distances, ids, count)
        limit = bound(bits, count, k - 1)
        chosen[0], place = i, 1
        for c in range(count):
            chosen[place] = ids[c]
            place += bits[c] < limit
        for c in range(count):
            chosen[place] = ids[c]
            place += bits[c] == limit
        for c in range(k):
            out[r, c] = chosen[c] + offset
