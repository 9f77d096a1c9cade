"""Comparison of the scores of anomalies with labels."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from conclu_pyg.errors import DataError

NORMAL = ("normal", "good")  # labels of normal clouds, in upper or lower case


@dataclass(frozen=True)
class Evaluation:
    """The area under the ROC curve (AUROC) of scores: the share of pairs of an anomaly and a normal cloud in which the
    anomaly has the higher score, where 0.5 is chance. Shares are from 0 to 1.

    Attributes:
        normal: the number of normal clouds.
        anomalies: the number of clouds of each other label.
        auroc: of all labels together: of ``score``, ``global`` and ``local``.
        by_label: of the combined score, for the anomalies of one label against all normal clouds.
        found: the share of the anomalies with a score above 1.
        false_alarms: the share of the normal clouds with a score above 1.
    """

    normal: int
    anomalies: dict[str, int]
    auroc: dict[str, float]
    by_label: dict[str, float]
    found: float
    false_alarms: float


def evaluate_scores(labels: Sequence[str], scores: np.ndarray) -> Evaluation:
    """Compares scores with labels. Clouds without a label are left out.

    Args:
        labels: the label of each cloud, ``normal`` or ``good`` for normal clouds; empty where it has none.
        scores: the combined, the global and the local score of each cloud.

    Shapes:
        - **scores:** ``[n, 3]``

    Raises:
        DataError: there are no normal clouds, or no others.
    """
    from sklearn.metrics import roc_auc_score

    kinds = np.array([_kind(label) for label in labels], object)
    scores, kinds = np.asarray(scores, np.float64)[kinds != ""], kinds[kinds != ""]
    is_anomaly = kinds != NORMAL[0]
    if is_anomaly.all() or not is_anomaly.any():
        counts = Counter(kinds.tolist())
        got = ", ".join(f"{count} {kind!r}" for kind, count in sorted(counts.items())[:5]) or "no labels"
        raise DataError(
            f"expected clouds with the label {' or '.join(map(repr, NORMAL))} and clouds with another one, got {got}; "
            "label both kinds, or leave out the labels.",
            argument="labels",
            got=dict(counts),
        )
    counts = Counter(kinds[is_anomaly].tolist())
    auroc = {
        name: float(roc_auc_score(is_anomaly, scores[:, column]))
        for column, name in enumerate(("score", "global", "local"))
    }
    by_label = {}
    for kind in sorted(counts):
        chosen = (kinds == kind) | ~is_anomaly
        by_label[kind] = float(roc_auc_score(is_anomaly[chosen], scores[chosen, 0]))
    above = scores[:, 0] > 1
    return Evaluation(
        int((~is_anomaly).sum()),
        dict(sorted(counts.items())),
        auroc,
        by_label,
        float(above[is_anomaly].mean()),
        float(above[~is_anomaly].mean()),
    )


def _kind(label: str) -> str:
    return NORMAL[0] if label.strip().casefold() in NORMAL else label
