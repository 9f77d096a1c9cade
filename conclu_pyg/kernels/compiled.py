"""The kernels. Arrays are contiguous, indices valid and sizes consistent: callers check them.

They release the interpreter lock, so that threads work on different rows or channels. Inner loops run over channels or
values in the order of memory, which Numba turns into vector instructions.
"""

from __future__ import annotations

import numpy as np

from conclu_pyg.kernels.arrays import Floats, Longs, Rows
from conclu_pyg.kernels.bound import bound
from conclu_pyg.kernels.compilation import kernel
from conclu_pyg.kernels.largest import largest_products as largest_products
from conclu_pyg.kernels.nearest_rows import nearest_rows as nearest_rows

WIDTH = 16  # values of a group, one cache line


@kernel
def _smallest_of_row(row: Floats, k: int, keys: Floats, ids: Rows, minima: Floats, out: Longs) -> None:
    """Write the positions of the k smallest values of a row, in no order; of equal ones the first.

    The k-th smallest minimum of the groups of a row is no smaller than its k-th smallest value, so only values up to
    that bound are collected, from groups whose minimum is, and chosen among.

    Args:
        row: ``[N]``, without NaN.
        k: at most N.
        keys, ids, minima: memory for N + 1, N + 1 and N / WIDTH values.
        out: ``[k]``.
    """
    num_values = len(row)
    num_groups = num_values // WIDTH
    minima_bits, bits = minima.view(np.int32), keys.view(np.int32)
    count = 0
    if num_groups < 2 * k:
        for j in range(num_values):
            keys[j], ids[j] = row[j], j
        count = num_values
    else:
        for g in range(num_groups):
            least = row[g * WIDTH]
            for s in range(WIDTH):
                value = row[g * WIDTH + s]
                least = value if value < least else least
            minima[g] = least
        for g in range(num_groups):  # integers in the order of the floats: that of negative ones is reversed
            minima_bits[g] ^= (minima_bits[g] >> 31) & 0x7FFFFFFF
        limit_bits = np.int32(bound(minima_bits, num_groups, k))
        bits[0] = limit_bits ^ ((limit_bits >> 31) & 0x7FFFFFFF)
        limit = keys[0]
        for g in range(num_groups):
            if minima_bits[g] <= limit_bits:
                for s in range(WIDTH):
                    value = row[g * WIDTH + s]
                    if value <= limit:
                        keys[count], ids[count] = value, g * WIDTH + s
                        count += 1
        for j in range(num_groups * WIDTH, num_values):
            if row[j] <= limit:
                keys[count], ids[count] = row[j], j
                count += 1
    for i in range(count):
        bits[i] ^= (bits[i] >> 31) & 0x7FFFFFFF
    last = bound(bits, count, k)
    found = 0
    for i in range(count):
        if bits[i] < last:
            out[found] = ids[i]
            found += 1
    for i in range(count):
        if found < k and bits[i] == last:
            out[found] = ids[i]
            found += 1


@kernel
def smallest(values: Floats, k: int, out: Longs) -> None:
    """Write the columns of the k smallest values of each row, in no order; of equal ones the first.

    Args:
        values: ``[R, N]``, without NaN.
        k: at most N.
        out: ``[R, k]``.
    """
    num_values = values.shape[1]
    keys, ids = np.empty(num_values + 1, np.float32), np.empty(num_values + 1, np.int32)
    minima = np.empty(num_values // WIDTH + 1, np.float32)
    for r in range(len(values)):
        _smallest_of_row(values[r], k, keys, ids, minima, out[r])


@kernel
def nearest(points: Floats, k: int, begin: int, end: int, offset: int, out: Longs) -> None:
    """Write the k nearest points of the points from ``begin`` to ``end``, themselves included. Distances are sums of
    squared differences; those of a point stay in the cache.

    Args:
        points: coordinates of one cloud, ``[3, N]``.
        k: at most N.
        offset: added to the positions.
        out: ``[end - begin, k]``.
    """
    num_points = points.shape[1]
    x, y, z = points[0], points[1], points[2]
    row, keys = np.empty(num_points, np.float32), np.empty(num_points + 1, np.float32)
    ids, minima = np.empty(num_points + 1, np.int32), np.empty(num_points // WIDTH + 1, np.float32)
    for i in range(begin, end):
        for j in range(num_points):
            row[j] = (x[j] - x[i]) * (x[j] - x[i]) + (y[j] - y[i]) * (y[j] - y[i]) + (z[j] - z[i]) * (z[j] - z[i])
        row[i] = -1  # a point is its own neighbour among any number at its place
        found = out[i - begin]
        _smallest_of_row(row, k, keys, ids, minima, found)
        for j in range(k):
            found[j] += offset


@kernel
def neighbor_max(x: Floats, index: Longs, value: Floats, argument: Rows, begin: int, end: int) -> None:
    """Write the maximum of each channel over the neighbours of the points from ``begin`` to ``end``, and its row. The
    first of equal ones counts.

    Args:
        x: ``[M, C]``, without NaN.
        index: ``[M, k]``, rows of ``x``.
        value, argument: ``[M, C]``.
    """
    k, channels = index.shape[1], x.shape[1]
    for i in range(begin, end):
        best, place = value[i], argument[i]
        r0 = np.int32(index[i, 0])
        x0 = x[r0]
        for c in range(channels):
            best[c], place[c] = x0[c], r0
        rest = (k - 1) % 4
        for j in range(1, 1 + rest):
            r0 = np.int32(index[i, j])
            x0 = x[r0]
            for c in range(channels):
                larger = x0[c] > best[c]
                place[c] = r0 if larger else place[c]
                best[c] = x0[c] if larger else best[c]
        for j in range(1 + rest, k, 4):  # four at a time: best and place are read and written less often
            r0, r1 = np.int32(index[i, j]), np.int32(index[i, j + 1])
            r2, r3 = np.int32(index[i, j + 2]), np.int32(index[i, j + 3])
            x0, x1, x2, x3 = x[r0], x[r1], x[r2], x[r3]
            for c in range(channels):
                top, row = best[c], place[c]
                larger = x0[c] > top
                row = r0 if larger else row
                top = x0[c] if larger else top
                larger = x1[c] > top
                row = r1 if larger else row
                top = x1[c] if larger else top
                larger = x2[c] > top
                row = r2 if larger else row
                top = x2[c] if larger else top
                larger = x3[c] > top
                row = r3 if larger else row
                top = x3[c] if larger else top
                best[c], place[c] = top, row


@kernel
def neighbor_max_value(x: Floats, index: Longs, value: Floats, begin: int, end: int) -> None:
    """As :func:`neighbor_max`, without the rows."""
    k, channels = index.shape[1], x.shape[1]
    for i in range(begin, end):
        best = value[i]
        x0 = x[index[i, 0]]
        for c in range(channels):
            best[c] = x0[c]
        rest = (k - 1) % 4
        for j in range(1, 1 + rest):
            x0 = x[index[i, j]]
            for c in range(channels):
                best[c] = x0[c] if x0[c] > best[c] else best[c]
        for j in range(1 + rest, k, 4):
            x0, x1, x2, x3 = x[index[i, j]], x[index[i, j + 1]], x[index[i, j + 2]], x[index[i, j + 3]]
            for c in range(channels):
                top = best[c]
                top = x0[c] if x0[c] > top else top
                top = x1[c] if x1[c] > top else top
                top = x2[c] if x2[c] > top else top
                top = x3[c] if x3[c] > top else top
                best[c] = top


@kernel
def add_to_rows(values: Floats, rows: Rows, out: Floats, begin: int, end: int) -> None:
    """Add each value of the channels from ``begin`` to ``end`` to its row of the same channel.

    Args:
        values, rows: ``[M, C]``.
        out: ``[N, C]``.
    """
    for i in range(len(values)):
        for c in range(begin, end):
            out[rows[i, c], c] += values[i, c]
