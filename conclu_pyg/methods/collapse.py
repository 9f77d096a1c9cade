"""Collapse in words: what an epoch's means of :mod:`conclu_pyg.methods.statistics` say is wrong, and what to do."""

from __future__ import annotations

import math
from collections.abc import Mapping


def collapse_warnings(metrics: Mapping[str, float], num_prototypes: int) -> list[str]:
    """Sentences about an epoch's statistics; none where all is well.

    Args:
        metrics: the epoch's means; statistics that are absent are not judged.
        num_prototypes: J, or 0 where the method trains no prototypes.
    """
    warnings = []
    if metrics.get("projection_std", 1) < 0.1:
        warnings.append(
            f"collapse: the projections of a batch are almost equal (their spread is {metrics['projection_std']:.2f} "
            "of 1), so the encoder tells no clouds apart; lower pipeline.lr, weaken the views, or raise the weight of "
            "the cluster term."
        )
    if num_prototypes:
        used = metrics.get("prototype_usage", 1) * num_prototypes
        if used < 2:
            warnings.append(
                f"collapse: {used:.1f} of {num_prototypes} prototypes are predicted in a batch, so all clouds are in "
                "one cluster; raise model.orthogonality_weight, or lower pipeline.lr."
            )
        uniform = math.log(num_prototypes)
        if metrics.get("code_entropy", 0) > 0.95 * uniform:
            warnings.append(
                f"the codes are almost uniform (entropy {metrics['code_entropy']:.2f} of ln {num_prototypes} = "
                f"{uniform:.2f}), so the cluster term teaches nothing; lower model.clusterer.epsilon."
            )
    return warnings
