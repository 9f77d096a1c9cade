"""Eq. 9's cross-entropy of predicted assignments against codes."""

import pytest
import torch

from conclu_pyg.losses import code_prediction_loss


def draw() -> tuple[torch.Tensor, torch.Tensor]:
    return torch.randn(6, 4, dtype=torch.double).log_softmax(dim=1), torch.randn(6, 4, dtype=torch.double).softmax(
        dim=1
    )


def test_the_loss_is_the_cross_entropy_of_equation_9_averaged_over_the_batch() -> None:
    log_gamma, codes = draw()
    total = 0.0
    for i in range(6):
        for j in range(4):
            total -= codes[i, j].item() * log_gamma[i, j].item()
    assert code_prediction_loss(log_gamma, codes).item() == pytest.approx(total / 6, rel=1e-12)


def test_no_prediction_is_better_than_the_codes_themselves() -> None:
    log_gamma, codes = draw()
    assert 0 < code_prediction_loss(codes.log(), codes) < code_prediction_loss(log_gamma, codes)


def test_a_correct_certain_prediction_has_zero_loss_and_a_wrong_one_its_logit() -> None:
    codes = torch.eye(4)
    certain = (100 * torch.eye(4)).log_softmax(dim=1)
    assert code_prediction_loss(certain, codes).item() == 0
    assert code_prediction_loss(certain, codes.roll(1, dims=0)).item() == pytest.approx(100)


def test_codes_receive_no_gradient() -> None:
    log_gamma, codes = (x.requires_grad_() for x in draw())
    code_prediction_loss(log_gamma, codes).backward()
    assert codes.grad is None
    assert log_gamma.grad is not None and torch.allclose(log_gamma.grad, -codes.detach() / 6)
