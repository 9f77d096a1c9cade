"""Bounds of rounding errors, for numbers that are rounded as far as possible."""

import torch

from conclu_pyg.nn.bf16 import PRODUCT, ROUNDING, rounding_of_sums


def test_the_rounding_of_numbers_and_products_is_bounded_and_not_too_large() -> None:
    exact = torch.linspace(1, 2, 10_001, dtype=torch.double)
    error = ((exact.bfloat16().double() - exact) / exact).abs().max()
    assert 0.98 * ROUNDING < error <= ROUNDING
    up = torch.tensor(1 + 1.001 * ROUNDING, dtype=torch.double)
    product = (up.bfloat16().double() ** 2 / up**2 - 1).abs()
    assert 0.98 * PRODUCT < product <= PRODUCT


def test_sums_in_float32_are_within_their_bound() -> None:
    torch.manual_seed(0)
    for length in (1, 10, 1000):
        a, b = torch.rand(2, length)
        total = torch.zeros(())
        for x, y in zip(a, b, strict=True):  # one after another, the least exact order
            total = total + x * y
        exact = (a.double() * b.double()).sum()
        assert abs(total.double() - exact) <= rounding_of_sums(length) * a.double().norm() * b.double().norm()
