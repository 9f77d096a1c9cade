"""The search for largest products among candidates of approximate ones."""

import numpy as np
import pytest
import torch

from conclu_pyg.kernels import compiled_kernels
from conclu_pyg.kernels.largest import rounded_down

RNG = np.random.default_rng(0)


def search(
    x: np.ndarray, weight: np.ndarray, approximate: np.ndarray, error: np.ndarray, most: int = 1 << 30
) -> tuple[bool, np.ndarray, np.ndarray]:
    kernels = compiled_kernels()
    assert kernels is not None
    value, argument = np.empty(len(weight), np.float32), np.empty(len(weight), np.int32)
    bits = torch.from_numpy(approximate).bfloat16().view(torch.int16).numpy()
    return kernels.largest_products(x, weight, bits, error, most, value, argument), value, argument


@pytest.mark.parametrize("error", [1e-6, 0.1, 3.0])
def test_any_approximation_within_the_error_gives_the_exact_maximum(error: float) -> None:
    for _ in range(20):
        x, weight = (RNG.normal(size=(size, 5)).astype(np.float32) for size in (30, 16))
        exact = x.astype(np.float64) @ weight.T
        # The best row is approximated from below and the others from above, as far as possible.
        sign = np.where(exact == exact.max(axis=0), -1, 1) if error > 1e-6 else 0
        approximate = (exact + sign * (1 - 1e-5) * error).astype(np.float32)
        done, value, argument = search(x, weight, approximate, np.full(16, error, np.float32))
        assert done and np.array_equal(argument, exact.argmax(axis=0))
        np.testing.assert_allclose(value, exact.max(axis=0), rtol=1e-5, atol=1e-5)


def test_an_error_that_is_too_small_misses_the_maximum() -> None:
    x, weight = np.array([[1.0], [2.0]], np.float32), np.ones((8, 1), np.float32)
    approximate = np.array([[2.0], [0.5]], np.float32).repeat(8, axis=1)
    for error, expected in ((0.2, 0), (0.45, 0), (0.5, 1)):
        done, _, argument = search(x, weight, approximate, np.full(8, error, np.float32))
        assert done and argument.tolist() == [expected] * 8


def test_the_first_of_equal_rows_counts() -> None:
    x = np.array([[0.0], [2.0], [1.0], [2.0]], np.float32)
    for approximate in ([0, 2, 1, 2], [0, 1.5, 1, 2]):
        table = np.array(approximate, np.float32)[:, None].repeat(8, axis=1)
        _, value, argument = search(x, np.ones((8, 1), np.float32), table, np.ones(8, np.float32))
        assert argument.tolist() == [1] * 8 and value.tolist() == [2] * 8


def test_candidates_are_limited() -> None:
    x, weight = np.ones((10, 1), np.float32), np.ones((8, 1), np.float32)
    table, error = np.ones((10, 8), np.float32), np.zeros(8, np.float32)
    assert search(x, weight, table, error, most=80)[0] and not search(x, weight, table, error, most=79)[0]


def test_negative_values_and_zeros_have_their_order() -> None:
    x = np.array([[-3.0], [-0.0], [-1.0], [0.0], [-2.0]], np.float32)
    for rows, expected in (([0, 2, 4], 1), ([0, 4], 1), ([2, 0], 0), ([1, 2], 0), ([2, 3], 1)):
        part = np.ascontiguousarray(x[rows])
        _, value, argument = search(part, np.ones((8, 1), np.float32), part.repeat(8, axis=1), np.zeros(8, np.float32))
        assert argument.tolist() == [expected] * 8 and value[0] == part.max()


def test_bounds_are_rounded_down() -> None:
    values = (RNG.normal(size=2000) * np.exp(10 * RNG.normal(size=2000))).astype(np.float32)
    memory = np.empty(1, np.float32)
    keys = np.array([rounded_down(value, memory) for value in [*values, 1, -1, 0]], np.int64)

    def number(keys: np.ndarray) -> np.ndarray:
        bits = np.where(keys < 0, keys ^ 0x7FFF, keys) & 0xFFFF
        return (bits << 16).astype(np.uint32).view(np.float32)

    assert (number(keys[:-3]) <= values).all() and (values <= number(keys[:-3] + 1)).all()
    assert number(keys[-3:]).tolist() == [1, -1, 0]
