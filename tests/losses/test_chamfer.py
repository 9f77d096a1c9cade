"""The Chamfer distance, by plain loops and by a k-d tree."""

import math
from typing import Any

import numpy as np
import pytest
import torch
from scipy.spatial import cKDTree
from torch import Tensor

from conclu_pyg.losses import chamfer_distance


def by_hand(a: list[list[float]], b: list[list[float]], power: int) -> float:
    there = sum(min(math.dist(x, y) ** power for y in b) for x in a) / len(a)
    back = sum(min(math.dist(x, y) ** power for x in a) for y in b) / len(b)
    return there + back


def draw(size: int = 3, n: int = 11, m: int = 7, dtype: torch.dtype = torch.double) -> tuple[Tensor, Tensor]:
    return torch.randn(size, n, 3, dtype=dtype), torch.randn(size, m, 3, dtype=dtype)


@pytest.mark.parametrize("squared", [True, False])
@pytest.mark.parametrize(("n", "m"), [(11, 7), (1, 5), (4, 1)])
def test_it_is_the_mean_of_least_distances_in_both_directions(squared: bool, n: int, m: int) -> None:
    a, b = draw(n=n, m=m)
    expected = [by_hand(x, y, 2 if squared else 1) for x, y in zip(a.tolist(), b.tolist(), strict=True)]
    assert chamfer_distance(a, b, squared=squared).tolist() == pytest.approx(expected)


def test_it_agrees_with_a_tree_on_many_points() -> None:
    a, b = draw(2, 2000, 1500, torch.float32)
    expected = []
    for x, y in zip(a.double().numpy(), b.double().numpy(), strict=True):
        expected.append(np.square(cKDTree(y).query(x)[0]).mean() + np.square(cKDTree(x).query(y)[0]).mean())
    assert chamfer_distance(a, b).tolist() == pytest.approx(expected, rel=1e-5)


def test_far_from_the_origin_it_is_exact_too() -> None:
    a, b = draw(dtype=torch.float32)
    shift = 1000.0
    shifted = chamfer_distance(a + shift, b + shift)
    expected = [by_hand(x, y, 2) for x, y in zip((a + shift).tolist(), (b + shift).tolist(), strict=True)]
    assert shifted.tolist() == pytest.approx(expected, rel=1e-5)


def test_it_is_symmetric_and_0_only_for_equal_sets() -> None:
    a, b = draw()
    assert torch.allclose(chamfer_distance(a, b), chamfer_distance(b, a))
    assert chamfer_distance(a, a[:, torch.randperm(11)]).tolist() == [0, 0, 0]
    assert (chamfer_distance(a, b) > 0).all()


@pytest.mark.parametrize("squared", [True, False])
def test_its_gradient_is_that_of_finite_differences(squared: bool) -> None:
    a, b = (x.requires_grad_() for x in draw(2, 5, 4))
    assert torch.autograd.gradcheck(lambda a, b: chamfer_distance(a, b, squared=squared), (a, b))


def test_points_that_coincide_have_no_gradient() -> None:
    a = torch.randn(1, 4, 3, requires_grad=True)
    chamfer_distance(a, a.detach(), squared=False).sum().backward()
    assert a.grad is not None and not a.grad.any()


def test_the_maximum_of_both_directions_is_an_option() -> None:
    a, b = draw()
    for squared, power in ((True, 2), (False, 1)):
        expected = []
        for x, y in zip(a.tolist(), b.tolist(), strict=True):
            there = sum(min(math.dist(p, q) ** power for q in y) for p in x) / len(x)
            back = sum(min(math.dist(p, q) ** power for p in x) for q in y) / len(y)
            expected.append(max(there, back))
        assert chamfer_distance(a, b, squared=squared, reduction="max").tolist() == pytest.approx(expected)


def test_memory_does_not_grow_with_the_product_of_the_sizes(largest_tensor: Any) -> None:
    a, b = (x.requires_grad_() for x in draw(1, 6000, 6000, torch.float32))
    with largest_tensor() as largest:
        chamfer_distance(a, b).sum().backward()
    assert largest.entries <= 1 << 23 < 6000 * 6000


def test_under_autocast_it_is_computed_in_float32() -> None:
    a, b = draw(dtype=torch.float32)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        cast = chamfer_distance(a, b)
    assert cast.dtype == torch.float32 and torch.equal(cast, chamfer_distance(a, b))
    half = chamfer_distance(a.bfloat16(), b.bfloat16())
    assert half.dtype == torch.float32 and torch.equal(
        half, chamfer_distance(a.bfloat16().float(), b.bfloat16().float())
    )
