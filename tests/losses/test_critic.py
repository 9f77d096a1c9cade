"""The gradient penalty, on critics whose slope is known."""

import pytest
import torch
from torch import nn

from conclu_pyg.losses.critic import gradient_penalty


def test_of_a_linear_critic_it_is_that_of_its_slope() -> None:
    critic = nn.Linear(3, 1).double()
    with torch.no_grad():
        critic.weight.copy_(torch.tensor([[1.0, 2, 2]]))
    z = torch.randn(2, 7, 3, dtype=torch.double)
    assert gradient_penalty(critic, z[0], z[1]).item() == pytest.approx((3 - 1) ** 2)


def test_it_is_measured_between_both_sets() -> None:
    class Square(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return x.square().sum(dim=1) / 2  # the gradient is x

    real, generated = torch.full((2000, 1), 3.0), torch.full((2000, 1), 1.0)
    found = gradient_penalty(Square(), real, generated).item()
    assert found == pytest.approx(4 / 3, abs=0.15)  # the mean of (x - 1)^2 for x uniform in [1, 3]


def test_its_gradient_is_that_of_finite_differences() -> None:
    weight = torch.randn(4, 3, dtype=torch.double, requires_grad=True)
    z = torch.randn(2, 5, 3, dtype=torch.double)

    def penalty(weight: torch.Tensor) -> torch.Tensor:
        class Critic(nn.Module):
            def forward(self, x: torch.Tensor) -> torch.Tensor:
                return (x @ weight.T).tanh().sum(dim=1)

        torch.manual_seed(0)
        return gradient_penalty(Critic(), z[0], z[1])

    assert torch.autograd.gradcheck(penalty, (weight,))
