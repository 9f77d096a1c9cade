"""Statistics of a batch that show collapse; none of them enters the loss."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import normalize


@torch.no_grad()
def projection_std(z: Tensor) -> Tensor:
    """The standard deviation over the batch of the normalised projections, averaged over the channels, times sqrt(D):
    1 where they are spread evenly over the sphere, 0 where they have collapsed to one vector
    (`SimSiam <https://arxiv.org/abs/2011.10566>`_, section 4.1).

    Shapes:
        - **z:** ``[B, D]``, **output:** ``[]``
    """
    return normalize(z.float(), dim=1).std(dim=0, correction=0).mean() * z.size(1) ** 0.5


@torch.no_grad()
def clustering_statistics(log_gamma: Tensor, codes_a: Tensor, codes_b: Tensor) -> dict[str, Tensor]:
    """How the batch falls onto the prototypes. Entropies are in nats.

    - ``prototype_usage``: share of the prototypes that are the nearest to some cloud's prediction;
    - ``prototype_entropy``: entropy of the predicted assignment averaged over the batch, ln J where all are used alike;
    - ``code_entropy``: entropy of a cloud's codes, averaged; ln J where the codes say nothing;
    - ``code_agreement``: share of the clouds whose two views have their largest code at the same prototype.

    Shapes:
        - **log_gamma**, **codes_a**, **codes_b:** ``[B, J]``
    """
    gamma = log_gamma.exp()
    return {
        "prototype_usage": gamma.argmax(dim=1).bincount(minlength=gamma.size(1)).gt(0).float().mean(),
        "prototype_entropy": _entropy(gamma.mean(dim=0)),
        "code_entropy": _entropy(codes_a).mean(),
        "code_agreement": (codes_a.argmax(dim=1) == codes_b.argmax(dim=1)).float().mean(),
    }


def _entropy(p: Tensor) -> Tensor:
    return -torch.special.xlogy(p, p).sum(dim=-1)
