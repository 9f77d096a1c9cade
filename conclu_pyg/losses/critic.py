"""The gradient penalty of critics of Wasserstein GANs."""

from __future__ import annotations

import torch
from torch import Tensor, nn


def gradient_penalty(critic: nn.Module, real: Tensor, generated: Tensor) -> Tensor:
    r"""Return the gradient penalty (`Gulrajani et al. <https://arxiv.org/abs/1704.00028>`_, equation 3)

    .. math::
        \frac{1}{B} \sum_i \left( \lVert \nabla_{\hat z} D(\hat z_i) \rVert - 1 \right)^2, \qquad
        \hat z_i = u_i z_i + (1 - u_i) g_i

    with u uniform in [0, 1], one for each row. Under ``no_grad``, the value is the same and no gradient flows from it.

    Args:
        critic: maps rows to one value each, without a dependence between rows, such as that of batch norm.
        real: z.
        generated: g.

    Shapes:
        - **real:** ``[B, C]``, **generated:** ``[B, C]``, **output:** ``[]``
    """
    generated = generated.to(real.dtype)  # it may be narrower under autocast
    share = torch.rand(len(real), 1, device=real.device, dtype=real.dtype)
    between = torch.lerp(generated.detach(), real.detach(), share).requires_grad_()
    differentiable = torch.is_grad_enabled()
    with torch.enable_grad():
        (gradient,) = torch.autograd.grad(critic(between).sum(), between, create_graph=differentiable)
    return (torch.linalg.vector_norm(gradient, dim=1) - 1).square().mean()
