"""Metrics of a batch that show collapse, and warnings derived from their means. None of them enters the loss."""

from __future__ import annotations

import math
from collections.abc import Mapping

import torch
from torch import Tensor
from torch.nn.functional import normalize

MIN_PROJECTION_STD = 0.1
MIN_USED_CLUSTERS = 2
MAX_CODE_ENTROPY = 0.95  # of ln J, the entropy of uniform codes


@torch.no_grad()
def projection_std(z: Tensor) -> Tensor:
    """Return the standard deviation over the batch of the normalised projections, averaged over the channels, times
    sqrt(D): 1 if they are spread evenly over the sphere, 0 if they have collapsed to one vector
    (`SimSiam <https://arxiv.org/abs/2011.10566>`_, section 4.1).

    Shapes:
        - **z:** ``[B, D]``, **output:** ``[]``
    """
    return normalize(z.float(), dim=1).std(dim=0, correction=0).mean() * z.size(1) ** 0.5


@torch.no_grad()
def clustering_metrics(log_gamma: Tensor, codes_a: Tensor, codes_b: Tensor) -> dict[str, Tensor]:
    """Return metrics of how a batch is distributed over the prototypes. Entropies are in nats.

    - ``prototype_usage``: share of the prototypes that are the nearest to at least one cloud's prediction;
    - ``prototype_entropy``: entropy of the predicted assignment averaged over the batch, ln J if all are used equally;
    - ``code_entropy``: mean entropy of a cloud's codes; ln J if the codes are uniform;
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


def collapse_warnings(metrics: Mapping[str, float], advice: str = "") -> list[str]:
    """Return a warning if an epoch's mean ``projection_std`` is below 0.1.

    Args:
        metrics: the epoch's means; absent metrics are not judged.
        advice: of the method, added to the general one, such as ``raise model.cluster_weight`` (default: none).
    """
    std = metrics.get("projection_std", 1.0)
    if std >= MIN_PROJECTION_STD:
        return []
    return [
        f"collapse: the projections of a batch are almost equal (their spread is {std:.2f} of 1), so the encoder does "
        f"not distinguish clouds; lower the learning rate{', ' if advice else ' or '}weaken the views"
        f"{f', or {advice}' if advice else ''}."
    ]


def cluster_warnings(
    metrics: Mapping[str, float], num_clusters: int, advice_unused: str, advice_uniform: str
) -> list[str]:
    """Return warnings about an epoch's mean :func:`clustering_metrics`.

    Args:
        metrics: the epoch's means; absent metrics are not judged.
        num_clusters: J.
        advice_unused: of the method for clouds that are all in one cluster, such as ``lower the learning rate``.
        advice_uniform: of the method for uniform codes.
    """
    warnings = []
    used = metrics.get("prototype_usage", 1.0) * num_clusters
    if used < MIN_USED_CLUSTERS:
        warnings.append(
            f"collapse: {used:.1f} of {num_clusters} prototypes are predicted in a batch, so all clouds are in one "
            f"cluster; {advice_unused}."
        )
    uniform, entropy = math.log(num_clusters), metrics.get("code_entropy", 0.0)
    if entropy > MAX_CODE_ENTROPY * uniform:
        warnings.append(
            f"the codes are almost uniform (entropy {entropy:.2f} of ln {num_clusters} = {uniform:.2f}), so the "
            f"cluster term has no effect; {advice_uniform}."
        )
    return warnings


def _entropy(p: Tensor) -> Tensor:
    return -torch.special.xlogy(p, p).sum(dim=-1)
