"""Choice of clouds to label."""

import numpy as np
import pytest

from conclu_pyg.errors import ArgumentError
from conclu_pyg.inference.suggest import STRATEGIES, suggest


def unit(x: np.ndarray) -> np.ndarray:
    return (x / np.linalg.norm(x, axis=1, keepdims=True)).astype(np.float32)


def groups(sizes: tuple[int, ...] = (60, 25, 10), spread: float = 0.1) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    group = np.repeat(np.arange(len(sizes)), sizes)
    return unit(rng.normal(size=(len(sizes), 30))[group] + spread * rng.normal(size=(len(group), 30))), group


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("budget", [1, 3, 40, 95, 1000])
def test_rows_are_different_and_without_a_label(strategy: str, budget: int) -> None:
    x, _ = groups()
    labelled = [0, 5, 70]
    rows = suggest(x, budget, labelled, strategy)
    assert len(rows) == len(set(rows.tolist())) == min(budget, 92) and not set(labelled) & set(rows.tolist())
    np.testing.assert_array_equal(suggest(x, budget, labelled, strategy), rows)


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_each_group_gets_a_label_first(strategy: str) -> None:
    x, group = groups()
    assert set(group[suggest(x, 3, strategy=strategy)].tolist()) == {0, 1, 2}
    assert set(group[suggest(x, 2, [0], strategy)].tolist()) == {1, 2}


def test_k_center_is_the_greedy_choice() -> None:
    x, _ = groups(spread=0.6)
    chosen = [4]
    for row in suggest(x, 12, [4], "k-center"):
        nearest = np.array([max(float(x[i] @ x[j]) for j in chosen) for i in range(len(x))])
        nearest[chosen] = np.inf
        assert nearest[row] == pytest.approx(nearest.min(), abs=1e-6)
        chosen.append(int(row))


def test_typical_clouds_are_in_the_middle_of_their_groups() -> None:
    x, group = groups()
    for row in suggest(x, 3):
        own = x[group == group[row]]
        similarity = own @ unit(own.mean(axis=0, keepdims=True))[0]
        assert float(x[row] @ unit(own.mean(axis=0, keepdims=True))[0]) > np.quantile(similarity, 0.7)


def test_outliers_are_typical_of_nothing_and_centres_of_k_center() -> None:
    x, _ = groups(sizes=(60, 40))
    x[17] = -x[17]
    assert 17 not in suggest(x, 2) and 17 in suggest(x, 3, strategy="k-center")


def test_equal_clouds_are_no_obstacle() -> None:
    x = np.repeat(groups(sizes=(1, 1))[0], 10, axis=0)
    for strategy in STRATEGIES:
        assert len(set(suggest(x, 15, strategy=strategy).tolist())) == 15


def test_other_arguments_are_refused() -> None:
    x, _ = groups()
    for arguments in ({"budget": 0}, {"budget": 1, "strategy": "random"}):
        with pytest.raises(ArgumentError):
            suggest(x, **arguments)
