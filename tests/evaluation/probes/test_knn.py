from collections import Counter

import numpy as np
import pytest
from helpers import raises

from conclu_pyg.errors import ConcluError
from conclu_pyg.evaluation.probes.knn import GRID, _votes, vote_of_neighbors
from conclu_pyg.runs.embedding import Features


def features(count: int, seed: int, classes: int = 4, spread: float = 1.0) -> Features:
    rng = np.random.default_rng(seed)
    y = np.arange(count) % classes
    x = np.eye(classes, 6)[y] + spread * rng.normal(size=(count, 6))
    return Features(x.astype(np.float32), y)


def vote(cloud: np.ndarray, others: Features, k: int) -> int:
    """Returns the class with the most votes, by a plain loop."""
    similarity = [float(cloud @ x) / float(np.linalg.norm(cloud) * np.linalg.norm(x)) for x in others.x]
    nearest = [
        int(others.y[place]) for place in sorted(range(len(similarity)), key=lambda place: -similarity[place])[:k]
    ]
    votes = Counter(nearest)
    return min(votes, key=lambda label: (-votes[label], nearest.index(label)))


def test_it_equals_a_plain_loop() -> None:
    train, test = features(60, 0), features(40, 1)
    found = vote_of_neighbors(train, test, 4)
    left_out = {}
    for k in GRID:
        others = [np.arange(60) != place for place in range(60)]
        left = [vote(train.x[i], Features(train.x[mask], train.y[mask]), k) for i, mask in enumerate(others)]
        left_out[k] = 100 * float(np.mean(np.array(left) == train.y))
    assert found.leave_one_out == pytest.approx(max(left_out.values()))
    assert found.k == min(k for k, value in left_out.items() if value == max(left_out.values()))
    predicted = np.array([vote(x, train, found.k) for x in test.x])
    assert found.accuracy.total == pytest.approx(100 * np.mean(predicted == test.y))
    assert found.accuracy.per_class == pytest.approx([100 * np.mean(predicted[test.y == c] == c) for c in range(4)])
    assert len(set(left_out.values())) > 1  # that there was something to choose


def test_a_tie_goes_to_the_nearest() -> None:
    labels = np.array([[2, 1, 1, 2, 0], [0, 1, 2, 2, 1]])
    chosen = _votes(labels, [1, 2, 3, 4, 5], 3)
    assert {k: found.tolist() for k, found in chosen.items()} == {
        1: [2, 0],
        2: [2, 0],
        3: [1, 0],
        4: [2, 2],
        5: [2, 1],
    }


def test_held_out_clouds_do_not_influence_k_and_feature_norms_have_no_influence() -> None:
    train, test = features(60, 0), features(40, 1)
    found = vote_of_neighbors(train, test, 4)
    other = vote_of_neighbors(train, Features(-test.x, test.y), 4)
    assert (found.k, found.leave_one_out) == (other.k, other.leave_one_out) and found.accuracy != other.accuracy
    longer = Features(train.x * 2.0 ** np.arange(-30, 30)[:, None].astype(np.float32), train.y)
    assert vote_of_neighbors(longer, Features(8 * test.x, test.y), 4) == found


def test_distant_classes_are_separated_with_few_labels() -> None:
    assert vote_of_neighbors(features(8, 0, spread=0.02), features(40, 1, spread=0.02), 4).accuracy.total == 100
    single = vote_of_neighbors(features(4, 0, spread=0.02), features(40, 1, spread=0.02), 4)  # no k beyond 3
    assert (single.accuracy.total, single.k, single.leave_one_out) == (100, 1, 0)


def test_features_of_zero_and_a_class_without_clouds_are_no_crash(recwarn: pytest.WarningsRecorder) -> None:
    train = features(12, 0)
    found = vote_of_neighbors(Features(np.zeros_like(train.x), train.y), Features(train.x[:4], np.zeros(4, int)), 4)
    assert 0 <= found.accuracy.total <= 100 and np.isnan(found.accuracy.per_class[1:]).all() and not recwarn.list


def test_a_single_cloud_is_refused() -> None:
    with raises(ConcluError, got=1):
        vote_of_neighbors(features(1, 0), features(4, 0), 4)
