from pathlib import Path

import numpy as np
import pytest
from helpers import raises
from sklearn.svm import SVC

from conclu_pyg.data.base import PointCloudSplit
from conclu_pyg.errors import DataError
from conclu_pyg.evaluation.probe import On, ProbeSplits, probe_splits
from conclu_pyg.evaluation.probes.few_shot import Draw, FewShotProbe, draw_episodes
from conclu_pyg.runs.loaded_run import LoadedRun, load_run
from conclu_pyg.runs.protocol import Episodes
from conclu_pyg.runs.provenance import CloudSet

QUERIES, DRAWS = 20, 10

POOL = np.random.default_rng(0).permutation(np.arange(12).repeat(45))  # 45 clouds of each of 12 classes
OTHER = np.random.default_rng(1).permutation(np.arange(12).repeat(25))


@pytest.fixture(scope="module")
def loaded(tiny_run: Path) -> LoadedRun:
    return load_run(tiny_run, ["dataset.num_shapes=820", "dataset.num_test_shapes=400", "dataset.num_points=16"])


def drawn(way: int, shot: int, seed: int = 0, one_pool: bool = False) -> list[Draw]:
    episodes = Episodes(way, shot, QUERIES, DRAWS)
    return list(draw_episodes(POOL, POOL if one_pool else OTHER, 12, episodes, seed, one_pool))


@pytest.mark.parametrize("one_pool", [False, True])
@pytest.mark.parametrize(("way", "shot"), [(5, 10), (10, 20)])
def test_each_draw_has_as_many_clouds_of_as_many_classes(way: int, shot: int, one_pool: bool) -> None:
    found = drawn(way, shot, one_pool=one_pool)
    queries = POOL if one_pool else OTHER
    assert len(found) == DRAWS
    for support, query in found:
        classes, counts = np.unique(POOL[support], return_counts=True)
        assert len(classes) == way and set(counts) == {shot} and len(set(support)) == way * shot
        again, counts = np.unique(queries[query], return_counts=True)
        assert again.tolist() == classes.tolist() and set(counts) == {QUERIES} and len(set(query)) == way * QUERIES
        assert not one_pool or not set(support) & set(query)


def test_draws_follow_the_seed_and_differ_from_each_other() -> None:
    first, again, other = drawn(5, 10), drawn(5, 10), drawn(5, 10, seed=1)
    assert all(
        np.array_equal(a, b) for one, two in zip(first, again, strict=True) for a, b in zip(one, two, strict=True)
    )
    supports = {tuple(draw.support) for draw in first + other}
    assert len(supports) == 2 * DRAWS
    assert {label for draw in first for label in POOL[draw.support]} == set(range(12))


@pytest.mark.parametrize("on", ["test", "validation"])
def test_the_values_are_those_of_an_svm_for_each_draw(loaded: LoadedRun, on: On) -> None:
    splits = probe_splits(loaded, on)
    results = FewShotProbe().measure(loaded, splits)
    episodes = [result.protocol["episodes"] for result in results]
    assert [(e.way, e.shot, e.queries, e.draws) for e in episodes] == [
        (way, shot, 20, 10) for way in (5, 10) for shot in (10, 20)
    ]
    result = results[2]
    train, other = loaded.embed(splits.train), loaded.embed(splits.test)
    x, y = np.concatenate([train.x, other.x]).astype(float), np.concatenate([train.y, other.y])
    pools = (train.y, other.y) if on == "test" else (y, y)
    values = []
    for support, query in draw_episodes(*pools, 20, episodes[2], loaded.seed, on == "validation"):
        queries = query + (len(train.y) if on == "test" else 0)
        mean, deviation = x[support].mean(axis=0), x[support].std(axis=0)
        scaled = (x - mean) / np.where(deviation > 0, deviation, 1)
        svm = SVC(kernel="linear", C=1).fit(scaled[support], y[support])
        values.append(100 * np.mean(svm.predict(scaled[queries]) == y[queries]))
    assert result.details["draws"] == pytest.approx(values, abs=0.51) and len(values) == 10
    assert result.value == pytest.approx(np.mean(result.details["draws"]), abs=0.02)
    assert result.details["deviation"] == pytest.approx(np.std(result.details["draws"], ddof=1), abs=0.02)
    assert result.metric == "accuracy 10-way 10-shot" and result.protocol["classifier"].C == 1


def splits_of(train: np.ndarray, test: np.ndarray, on: On = "test") -> ProbeSplits:
    """Splits with these labels."""

    def split(labels: np.ndarray) -> PointCloudSplit:
        classes = [chr(ord("a") + label) for label in range(labels.max() + 1)]
        return PointCloudSplit(np.zeros((len(labels), 1, 3), np.float32), labels, [""] * len(labels), classes)

    clouds = [CloudSet(name, 1, 1) for name in ("train", "test" if on == "test" else "train")]
    return ProbeSplits(split(train), split(test), *clouds)


def test_too_few_classes_are_refused_with_their_number() -> None:
    with raises(DataError, got=9) as error:
        FewShotProbe().check(splits_of(np.arange(9).repeat(50), np.arange(9).repeat(50)))
    assert str(error.value).startswith("few-shot needs at least 10 classes, got 9; choose another data set ")


@pytest.mark.parametrize(
    ("train", "test", "on", "got", "needed"),
    [
        (19, 20, "test", 19, "20 training clouds of each class (20 for the support)"),
        (20, 19, "test", 19, "20 test clouds of each class (as queries)"),
        (20, 19, "validation", 39, "40 training clouds of each class (20 for the support and 20 others as queries)"),
    ],
)
def test_a_class_of_too_few_clouds_is_refused_with_their_number(
    train: int, test: int, on: On, got: int, needed: str
) -> None:
    def labels(count: int) -> np.ndarray:
        return np.arange(10).repeat([60, 60, count, *[60] * 7])  # c is the third

    with raises(DataError, got=got) as error:
        FewShotProbe().check(splits_of(labels(train), labels(test), on))
    assert str(error.value).startswith(f"few-shot needs {needed}, got {got} of c; choose another data set ")
    FewShotProbe().check(splits_of(labels(20), labels(20), on))
