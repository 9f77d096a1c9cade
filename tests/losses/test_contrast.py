"""Eq. 2 to 4: the contrast of predictions with projections, whose gradients stop."""

import math

import pytest
import torch
from torch import Tensor

from conclu_pyg.losses import contrast_loss, cosine_distance


def distance_by_hand(q: list[float], z: list[float]) -> float:
    """Eq. 2, its left side: the squared distance of the normalised vectors."""
    length_q, length_z = math.sqrt(sum(x * x for x in q)), math.sqrt(sum(x * x for x in z))
    return sum((x / length_q - y / length_z) ** 2 for x, y in zip(q, z, strict=True))


def contrast_by_hand(q_a: Tensor, q_b: Tensor, z_a: Tensor, z_b: Tensor) -> float:
    total = 0.0
    for i in range(len(q_a)):
        total += distance_by_hand(q_a[i].tolist(), z_b[i].tolist())
        total += distance_by_hand(q_b[i].tolist(), z_a[i].tolist())
    return total / len(q_a)


def draw(*shape: int) -> list[Tensor]:
    return [torch.randn(*shape, dtype=torch.double, requires_grad=True) for _ in range(4)]


def test_the_distance_is_equation_2() -> None:
    q, z = torch.randn(2, 6, 5, dtype=torch.double)
    expected = [distance_by_hand(q[i].tolist(), z[i].tolist()) for i in range(6)]
    assert torch.allclose(cosine_distance(q, z), torch.tensor(expected, dtype=torch.double), rtol=1e-12)


def test_the_loss_is_equation_4_averaged_over_the_batch() -> None:
    views = draw(7, 5)
    assert contrast_loss(*views).item() == pytest.approx(contrast_by_hand(*views), rel=1e-12)


def test_the_loss_is_symmetric_in_the_views() -> None:
    q_a, q_b, z_a, z_b = draw(7, 5)
    assert contrast_loss(q_a, q_b, z_a, z_b).item() == pytest.approx(
        contrast_loss(q_b, q_a, z_b, z_a).item(), rel=1e-12
    )


@pytest.mark.parametrize(("factor", "loss"), [(1, 0), (7, 0), (1e-3, 0), (-1, 8), (-7, 8)])
def test_the_loss_is_0_for_equal_directions_and_8_for_opposite_ones(factor: float, loss: float) -> None:
    z_a, z_b = torch.randn(2, 7, 256)
    assert contrast_loss(factor * z_b, factor * z_a, z_a, z_b).item() == pytest.approx(loss, abs=1e-5)


def test_the_gradient_of_predictions_is_that_of_equation_3_and_projections_have_none() -> None:
    q_a, q_b, z_a, z_b = draw(4, 3)
    contrast_loss(q_a, q_b, z_a, z_b).backward()
    assert z_a.grad is None and z_b.grad is None
    step = 1e-6
    for q in (q_a, q_b):
        assert q.grad is not None
        for i in range(4):
            for d in range(3):
                ends = []
                for sign in (1, -1):
                    with torch.no_grad():
                        q[i, d] += sign * step
                        ends.append(contrast_by_hand(q_a, q_b, z_a, z_b))
                        q[i, d] -= sign * step
                assert q.grad[i, d].item() == pytest.approx((ends[0] - ends[1]) / (2 * step), abs=1e-7)


def test_projections_in_the_graph_of_predictions_receive_gradient_through_those_alone() -> None:
    z_a, z_b = torch.randn(2, 4, 3, dtype=torch.double, requires_grad=True)
    weight = torch.randn(3, 3, dtype=torch.double)
    (through,) = torch.autograd.grad(contrast_loss(z_a @ weight, z_b @ weight, z_a, z_b), z_a)
    (constant,) = torch.autograd.grad(contrast_loss(z_a @ weight, z_b @ weight, z_a.clone().detach(), z_b), z_a)
    assert torch.equal(through, constant) and through.abs().max() > 0


def test_a_zero_vector_has_distance_2_and_finite_gradients() -> None:
    q, z = torch.zeros(2, 5, requires_grad=True), torch.randn(2, 5)
    loss = contrast_loss(q, q, z, torch.zeros(2, 5))
    loss.backward()
    assert loss.item() == 4 and q.grad is not None and q.grad.isfinite().all()


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_16_bit_inputs_are_computed_in_float32(dtype: torch.dtype) -> None:
    views = [x.detach().to(dtype) for x in draw(7, 256)]
    loss = contrast_loss(*views)
    assert loss.dtype == torch.float32
    assert loss.item() == pytest.approx(contrast_by_hand(*(x.double() for x in views)), rel=1e-6)
