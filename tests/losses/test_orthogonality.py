"""Eq. 8: prototypes are kept apart."""

import math

import pytest
import torch
from torch import Tensor

from conclu_pyg.losses import orthogonality_loss


def entries_by_hand(prototypes: Tensor) -> list[float]:
    """The entries of the Gram matrix of the normalised prototypes minus the identity, without their sign."""
    rows = prototypes.tolist()
    lengths = [math.sqrt(sum(x * x for x in row)) for row in rows]
    entries = []
    for i, a in enumerate(rows):
        for j, b in enumerate(rows):
            cosine = sum(x * y for x, y in zip(a, b, strict=True)) / (lengths[i] * lengths[j])
            entries.append(abs(cosine - (1 if i == j else 0)))
    return entries


def test_the_sum_is_the_entrywise_norm_of_equation_8_and_the_mean_that_of_its_entries() -> None:
    prototypes = torch.randn(5, 7, dtype=torch.double)
    entries = entries_by_hand(prototypes)
    assert orthogonality_loss(prototypes, "sum").item() == pytest.approx(sum(entries), rel=1e-12)
    assert orthogonality_loss(prototypes, "mean").item() == pytest.approx(sum(entries) / 25, rel=1e-12)
    assert orthogonality_loss(prototypes) == orthogonality_loss(prototypes, "mean")


def test_orthogonal_prototypes_of_any_length_have_zero_loss() -> None:
    assert orthogonality_loss(torch.diag(torch.tensor([1.0, 20.0, 1e-3])), "sum").item() == 0


def test_equal_prototypes_cost_the_most() -> None:
    assert orthogonality_loss(torch.ones(4, 4), "sum").item() == pytest.approx(4 * 3)


def test_gradients_are_those_of_the_equation() -> None:
    prototypes = torch.randn(5, 7, dtype=torch.double, requires_grad=True)
    assert torch.autograd.gradcheck(lambda x: orthogonality_loss(x, "sum"), prototypes)
    assert torch.autograd.gradcheck(lambda x: orthogonality_loss(x, "mean"), prototypes)


def test_a_step_against_the_gradient_turns_prototypes_apart() -> None:
    prototypes = (torch.ones(4, 6) + 0.1 * torch.randn(4, 6)).requires_grad_()
    before = orthogonality_loss(prototypes, "sum")
    (grad,) = torch.autograd.grad(before, prototypes)
    assert orthogonality_loss(prototypes - 0.1 * grad, "sum") < before


def test_a_zero_prototype_gives_finite_gradients() -> None:
    prototypes = torch.cat([torch.zeros(1, 6), torch.randn(3, 6)]).requires_grad_()
    orthogonality_loss(prototypes).backward()
    assert prototypes.grad is not None and prototypes.grad.isfinite().all()


def test_autocast_to_16_bits_leaves_loss_and_gradients_as_they_are() -> None:
    prototypes = torch.randn(32, 256, requires_grad=True)
    plain = orthogonality_loss(prototypes)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        cast = orthogonality_loss(prototypes)
    assert cast.dtype == torch.float32 and torch.equal(plain, cast)
    assert torch.equal(*(torch.autograd.grad(loss, prototypes)[0] for loss in (plain, cast)))
