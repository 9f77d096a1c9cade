"""Retrieval as a probe."""

import numpy as np
import pytest
from sklearn.metrics import average_precision_score

from conclu_pyg.errors import ConcluError
from conclu_pyg.evaluation.probes import retrieval
from conclu_pyg.evaluation.probes.retrieval import retrieval_scores


def features(count: int = 50, classes: int = 4) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    y = np.arange(count) % classes
    return np.eye(classes, 6)[y] + 0.8 * rng.normal(size=(count, 6)), y


@pytest.mark.parametrize("chunk", [1, 7, 1024])
def test_it_equals_a_plain_loop_and_scikit_learn(chunk: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retrieval, "CHUNK", chunk)
    x, y = features()
    y[3] = 9  # the only one of its class: no query, but a wrong hit of others
    precision, recall = [], {1: [], 5: [], 10: []}
    for query in range(len(x)):
        others = [row for row in range(len(x)) if row != query]
        cosine = [x[query] @ x[row] / np.linalg.norm(x[query]) / np.linalg.norm(x[row]) for row in others]
        relevant = [int(y[row] == y[query]) for row in others]
        if not any(relevant):
            continue
        precision.append(average_precision_score(relevant, cosine))
        order = np.argsort(cosine)[::-1]
        for cut in recall:
            recall[cut].append(any(relevant[place] for place in order[:cut]))
    scores = retrieval_scores(x, y)
    assert scores["mAP"] == pytest.approx(np.mean(precision), abs=1e-5) and len(precision) == 49
    for cut, hits in recall.items():
        assert scores[f"recall at {cut}"] == pytest.approx(np.mean(hits))
    assert scores["recall at 1"] < scores["recall at 10"]


def test_separate_classes_are_found_and_equal_features_keep_their_order() -> None:
    _, y = features()
    assert retrieval_scores(np.eye(4)[y], y) == {"mAP": 1, "recall at 1": 1, "recall at 5": 1, "recall at 10": 1}
    y = np.array([0, 1, 1, 0])
    # All similarities are 0: the hits of the first row are the rows 1, 2 and 3.
    assert retrieval_scores(np.zeros((4, 3)), y)["mAP"] == pytest.approx(np.mean([1 / 3, 1 / 2, 1 / 2, 1]))


def test_classes_of_one_cloud_are_refused() -> None:
    x, _ = features(5)
    with pytest.raises(ConcluError):
        retrieval_scores(x, np.arange(5))
