"""The compiled kernels against plain loops; callers are tested with and without them elsewhere."""

import numpy as np
import pytest

from conclu_pyg.kernels import compiled


@pytest.mark.parametrize("num_points", [1, 7, 40, 700])
@pytest.mark.parametrize("k", [1, 2, 7, 20])
@pytest.mark.parametrize("decimals", [1, 9])
def test_nearest_points_in_pieces(num_points: int, k: int, decimals: int) -> None:
    k = min(k, num_points)
    points = np.random.default_rng(num_points).normal(size=(3, num_points)).round(decimals).astype(np.float32)
    found = np.empty((num_points, k), np.int64)
    for begin, end in ((0, num_points // 2), (num_points // 2, num_points)):
        compiled.nearest(points, k, begin, end, 100, found[begin:end])
    squares = ((points[:, :, None] - points[:, None]) ** 2).sum(axis=0)  # float32, as the kernel
    assert all(len(set(row)) == k for row in found.tolist())
    chosen = np.take_along_axis(squares, found - 100, axis=1)
    assert np.allclose(np.sort(chosen, axis=1), np.sort(squares, axis=1)[:, :k], rtol=1e-5, atol=0)
    assert (found == np.arange(100, 100 + num_points)[:, None]).any(axis=1).all()  # the point itself


@pytest.mark.parametrize("k", [1, 2, 3, 4, 5, 6, 9, 20])
@pytest.mark.parametrize("channels", [1, 3, 8, 70])
def test_maxima_over_neighbours_in_pieces(k: int, channels: int) -> None:
    rng = np.random.default_rng(k)
    x = rng.integers(-9, 9, size=(50, channels)).astype(np.float32)
    index = rng.integers(0, 50, size=(50, k))
    value, only, rows = np.empty_like(x), np.empty_like(x), np.empty(x.shape, np.int32)
    for piece in ((0, 11), (11, 50)):
        compiled.neighbor_max(x, index, value, rows, *piece)
        compiled.neighbor_max_value(x, index, only, *piece)
    for i in range(50):
        for c in range(channels):
            near = x[index[i], c]
            assert value[i, c] == only[i, c] == near.max() and rows[i, c] == index[i, near.argmax()]


def test_values_are_added_to_their_rows_in_pieces() -> None:
    rng = np.random.default_rng(0)
    values, rows = (
        rng.integers(-9, 9, size=(40, 7)).astype(np.float32),
        rng.integers(0, 5, size=(40, 7), dtype=np.int32),
    )
    out, expected = np.ones((5, 7), np.float32), np.ones((5, 7), np.float32)
    for i in range(40):
        for c in range(7):
            expected[rows[i, c], c] += values[i, c]
    for piece in ((0, 3), (3, 7)):
        compiled.add_to_rows(values, rows, out, *piece)
    assert np.array_equal(out, expected)
