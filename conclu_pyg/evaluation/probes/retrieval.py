"""Retrieval as a probe: how well a search finds the clouds of the same class. Nothing is trained."""

from __future__ import annotations

import numpy as np

from conclu_pyg.errors import ConcluError
from conclu_pyg.evaluation.probe import Probe, ProbeSplits, Result
from conclu_pyg.registry import PROBES
from conclu_pyg.runs.loaded_run import LoadedRun

CUTS = (1, 5, 10)  # hits that are looked at
CHUNK = 1024  # queries at a time


@PROBES.register_module("retrieval")
class RetrievalProbe(Probe):
    """Each test cloud is searched among the other test clouds, as ``conclu search`` does: by the cosine of features
    that are standardised, here by the training split's mean and deviation.

    The mean average precision (mAP) is over all queries and the whole ranking; recall at k is the share of the queries
    with a cloud of their class among the first k hits. A query without another cloud of its class is left out.
    """

    title = "retrieval"
    fixed_labels = True

    def measure(self, run: LoadedRun, splits: ProbeSplits) -> list[Result]:
        """Raises ConcluError if no test cloud has another one of its class."""
        train, test = run.embed(splits.train), run.embed(splits.test)
        mean, deviation = train.x.mean(axis=0, dtype=np.float64), train.x.std(axis=0, dtype=np.float64)
        scores = retrieval_scores((test.x - mean) / np.maximum(deviation, 1e-6), test.y)
        return [Result(name, 100 * value) for name, value in scores.items()]


def retrieval_scores(x: np.ndarray, y: np.ndarray) -> dict[str, float]:
    """Returns the mean average precision and the recall at 1, 5 and 10, from 0 to 1, of searches for each row among the
    others by cosine similarity. Of equal similarities, the earlier row comes first.

    Args:
        x: features.
        y: the class of each row.

    Shapes:
        - **x:** ``[n, C]``, **y:** int64 ``[n]``

    Raises:
        ConcluError: no row has another one of its class.
    """
    length = np.linalg.norm(x, axis=1, keepdims=True)
    unit = np.divide(x, length, out=np.zeros(x.shape), where=length > 0).astype(np.float32)
    precision, recall = list[np.ndarray](), list[np.ndarray]()
    for start in range(0, len(x), CHUNK):
        similarity = unit[start : start + CHUNK] @ unit.T
        own = np.arange(len(similarity))
        similarity[own, start + own] = -np.inf  # a query is its own last hit
        order = np.argsort(-similarity, axis=1, kind="stable")[:, :-1]
        relevant = y[order] == y[start : start + CHUNK, None]
        relevant = relevant[relevant.any(axis=1)]
        found = relevant.cumsum(axis=1) / np.arange(1, relevant.shape[1] + 1)
        precision.append((found * relevant).sum(axis=1) / relevant.sum(axis=1))
        recall.append(np.stack([relevant[:, :cut].any(axis=1) for cut in CUTS], axis=1))
    if not sum(map(len, precision)):
        raise ConcluError("retrieval needs two test clouds of a class, got none.", got=0)
    shares = np.concatenate(recall).mean(axis=0)
    found_by_cut = {f"recall at {cut}": float(share) for cut, share in zip(CUTS, shares, strict=True)}
    return {"mAP": float(np.concatenate(precision).mean()), **found_by_cut}
