"""Metrics of a batch that show collapse, and warnings derived from their means. None of them enters the loss."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import normalize

from conclu_pyg.processes import gather_rows

# The healthy trainings were 13 of ConClu, SimSiam, BYOL and OcCo with PointNet on the built-in shapes and ModelNet10.
MIN_PROJECTION_STD = 0.1  # healthy trainings: 0.93 and more
MIN_USED_CLUSTERS = 2
MIN_USED_SHARE = 0.125  # of the prototypes; healthy trainings: 0.43 and more
MAX_CODE_ENTROPY = 0.95  # of ln J, the entropy of uniform codes
MIN_CODE_AGREEMENT = 1.5  # of 1/J, that of chance; healthy trainings: 1.6 and more
JUDGED_STEPS = 200  # of a training, before the agreement of the codes is judged
SETTLED_STEPS = 50  # of a training: before, features depend on running statistics of batch norms that lag behind
MIN_FEATURE_STD = 0.04  # healthy trainings: 0.15 and more; random weights on shapes of a single class: 0.09
MIN_FEATURE_RANK = 3.0  # of 32 clouds; healthy trainings: 19 and more


class Judgement(NamedTuple):
    """A statistic with its healthy range.

    Attributes:
        name: the name of the metric.
        value: its value.
        healthy: the healthy range, such as ``at least 0.1``.
        is_healthy: whether the value is in it; ``None`` if the training is too short to tell.
        seen: the values of the healthy trainings behind the range.
        meaning: what the statistic measures.
        least, most: the bounds of the range; ``None`` without one.
    """

    name: str
    value: float
    healthy: str
    is_healthy: bool | None
    seen: str
    meaning: str
    least: float | None = None
    most: float | None = None


@torch.no_grad()
def projection_std(z: Tensor) -> Tensor:
    """Return the standard deviation over the batch, that of all processes, of the normalised projections, averaged over
    the channels, times sqrt(D): 1 if they are spread evenly over the sphere, 0 if they have collapsed to one vector
    (`SimSiam <https://arxiv.org/abs/2011.10566>`_, section 4.1).

    Shapes:
        - **z:** ``[B, D]``, **output:** ``[]``
    """
    z, _ = gather_rows(z)
    return normalize(z.float(), dim=1).std(dim=0, correction=0).mean() * z.size(1) ** 0.5


@torch.no_grad()
def accuracy(logits: Tensor, target: Tensor) -> Tensor:
    """Return the share of rows whose largest entry is at their target.

    Shapes:
        - **logits:** ``[M, K]``, **target:** ``[M]``, **output:** ``[]``
    """
    return (logits.argmax(dim=1) == target).float().mean()


@torch.no_grad()
def feature_metrics(features: Tensor) -> dict[str, float]:
    """Return metrics of the pooled features of a few clouds.

    - ``feature_std``: :func:`projection_std` of the features; pooled features are far from even on the sphere, so it is
      well below 1;
    - ``feature_rank``: effective rank of the centred, normalised features, the exponential of the entropy of their
      singular values (`Roy and Vetterli, 2007 <https://ieeexplore.ieee.org/document/7098875>`_): from 1 to B - 1.

    Shapes:
        - **features:** ``[B, C]``
    """
    directions = normalize(features.double(), dim=1)
    singular = torch.linalg.svdvals(directions - directions.mean(dim=0))
    rank = _entropy(singular / singular.sum().clamp(min=1e-12)).exp()
    return {"feature_std": projection_std(features).item(), "feature_rank": rank.item()}


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


def feature_warnings(metrics: Mapping[str, float]) -> list[str]:
    """Return a warning if an epoch's :func:`feature_metrics` show, after 50 steps, features that do not distinguish
    clouds.

    Args:
        metrics: the epoch's metrics; absent ones are not judged.
    """
    std, rank = metrics.get("feature_std", 1.0), metrics.get("feature_rank", math.inf)
    if metrics.get("step", 0.0) < SETTLED_STEPS or (std >= MIN_FEATURE_STD and rank >= MIN_FEATURE_RANK):
        return []
    found = f"are almost equal (their spread is {std:.4f})"
    if std >= MIN_FEATURE_STD:
        found = f"vary in few directions only (their effective rank is {rank:.1f})"
    return [f"collapse: the encoder's features of different clouds {found}; lower pipeline.optimizer.lr."]


def cluster_warnings(
    metrics: Mapping[str, float], num_clusters: int, advice_unused: str, advice_uniform: str
) -> list[str]:
    """Return warnings about an epoch's mean :func:`clustering_metrics`.

    The agreement of the codes is judged after 200 steps, if the epoch has enough clouds to tell it from chance.

    Args:
        metrics: the epoch's means, with the columns of ``metrics.csv``; absent metrics are not judged.
        num_clusters: J.
        advice_unused: of the method for clouds that are in one cluster or in few, such as ``lower the learning rate``.
        advice_uniform: of the method for uniform codes.
    """
    warnings = []
    used = metrics.get("prototype_usage", 1.0) * num_clusters
    if used < MIN_USED_CLUSTERS:
        warnings.append(
            f"collapse: {used:.1f} of {num_clusters} prototypes are predicted in a batch, so all clouds are in one "
            f"cluster; {advice_unused}."
        )
    elif used < MIN_USED_SHARE * num_clusters:
        warnings.append(
            f"only {used:.1f} of {num_clusters} prototypes are predicted in a batch, so most of them learn nothing; "
            f"{advice_unused}."
        )
    uniform, entropy = math.log(num_clusters), metrics.get("code_entropy", 0.0)
    if entropy > MAX_CODE_ENTROPY * uniform:
        warnings.append(
            f"the codes are almost uniform (entropy {entropy:.2f} of ln {num_clusters} = {uniform:.2f}), so the "
            f"cluster term has no effect; {advice_uniform}."
        )
    chance, agreement = 1 / num_clusters, metrics.get("code_agreement", 1.0)
    clouds = metrics.get("clouds_per_second", 0.0) * metrics.get("seconds", 0.0)
    error = math.sqrt(chance * (1 - chance) / max(1.0, clouds))  # standard error of the agreement by chance
    if metrics.get("step", 0.0) >= JUDGED_STEPS and agreement + 3 * error < MIN_CODE_AGREEMENT * chance:
        warnings.append(
            f"the codes of a cloud's two views agree in {agreement:.1%} of the clouds, which is about chance (1 of "
            f"{num_clusters}), so the clusters do not depend on the shape; weaken pipeline.views, so that two views of "
            "a cloud have more in common."
        )
    return warnings


def judge(metrics: Mapping[str, float], num_clusters: int = 0) -> list[Judgement]:
    """Return the metrics that show collapse with their healthy ranges, by the thresholds of the warnings.

    Args:
        metrics: an epoch's metrics; absent ones, and those that are not finite, are not judged. Without ``step``, the
            metrics are those of a finished training.
        num_clusters: J; without it, the metrics of clusters are not judged (default: 0).
    """
    judged: list[tuple[str, float | None, float | None, int, str, str]] = [
        ("projection_std", MIN_PROJECTION_STD, None, 0, "0.93 and more",
         "spread of the projections of a batch over the sphere: 1 is even, 0 is one vector"),
        ("feature_std", MIN_FEATURE_STD, None, SETTLED_STEPS, "0.15 and more",
         "spread of the features of different clouds: 0 is one vector"),
        ("feature_rank", MIN_FEATURE_RANK, None, SETTLED_STEPS, "19 and more",
         "effective number of directions in which the features of 32 clouds vary"),
    ]  # fmt: skip
    if num_clusters:
        judged += [
            ("prototype_usage", max(MIN_USED_SHARE, MIN_USED_CLUSTERS / num_clusters), None, 0, "0.43 and more",
             "share of the prototypes that are predicted in a batch"),
            ("code_entropy", None, MAX_CODE_ENTROPY * math.log(num_clusters), 0, "below the bound",
             f"mean entropy of a cloud's codes; ln {num_clusters} = {math.log(num_clusters):.2f} is uniform"),
            ("code_agreement", MIN_CODE_AGREEMENT / num_clusters, None, JUDGED_STEPS,
             f"{1.6 / num_clusters:.2g} and more",
             f"share of clouds whose views have their largest code at one prototype; chance is {1 / num_clusters:.2g}"),
        ]  # fmt: skip
    found = []
    for name, least, most, settled, seen, meaning in judged:
        value = metrics.get(name, math.nan)
        if not math.isfinite(value):
            continue
        is_healthy = (least is None or value >= least) and (most is None or value <= most)
        early = metrics.get("step", math.inf) < settled
        healthy = f"at least {least:.3g}" if least is not None else f"at most {most:.3g}"
        found.append(Judgement(name, value, healthy, None if early else is_healthy, seen, meaning, least, most))
    return found


def _entropy(p: Tensor) -> Tensor:
    return -torch.special.xlogy(p, p).sum(dim=-1)
