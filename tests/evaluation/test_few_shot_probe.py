from pathlib import Path

import numpy as np
import pytest
from sklearn.svm import SVC

from conclu_pyg.errors import DataError
from conclu_pyg.evaluation import few_shot_probe as module
from conclu_pyg.evaluation.few_shot_probe import DRAWS, QUERIES, Draw, check_pools, draws, few_shot_probe
from conclu_pyg.evaluation.probe import On, probe_splits
from conclu_pyg.runs.loaded_run import LoadedRun, load_run

POOL = np.random.default_rng(0).permutation(np.arange(12).repeat(45))  # 45 clouds of each of 12 classes
OTHER = np.random.default_rng(1).permutation(np.arange(12).repeat(25))


@pytest.fixture(scope="module")
def loaded(tiny_run: Path) -> LoadedRun:
    return load_run(tiny_run, ["dataset.num_shapes=820", "dataset.num_test_shapes=400", "dataset.num_points=16"])


def drawn(way: int, shot: int, seed: int = 0, one_pool: bool = False) -> list[Draw]:
    return list(draws(POOL, POOL if one_pool else OTHER, 12, way, shot, seed, one_pool))


@pytest.mark.parametrize("one_pool", [False, True])
@pytest.mark.parametrize(("way", "shot"), [(5, 10), (10, 20)])
def test_each_draw_has_as_many_clouds_of_as_many_classes(way: int, shot: int, one_pool: bool) -> None:
    found = drawn(way, shot, one_pool=one_pool)
    asked = POOL if one_pool else OTHER
    assert len(found) == DRAWS == 10
    for support, query in found:
        classes, counts = np.unique(POOL[support], return_counts=True)
        assert len(classes) == way and set(counts) == {shot} and len(set(support)) == way * shot
        again, counts = np.unique(asked[query], return_counts=True)
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
def test_the_figures_are_those_of_a_machine_of_each_draw(loaded: LoadedRun, on: On) -> None:
    splits = probe_splits(loaded, on)
    records = few_shot_probe(loaded, splits)
    assert [(record.details["way"], record.details["shot"]) for record in records] == [
        (5, 10),
        (5, 20),
        (10, 10),
        (10, 20),
    ]
    record = records[2]
    train, other = loaded.embed(splits.train), loaded.embed(splits.held_out)
    x, y = np.concatenate([train.x, other.x]).astype(float), np.concatenate([train.y, other.y])
    pools = (train.y, other.y) if on == "test" else (y, y)
    values = []
    for support, query in draws(*pools, 20, 10, 10, loaded.seed, on == "validation"):
        asked = query + (len(train.y) if on == "test" else 0)
        mean, deviation = x[support].mean(axis=0), x[support].std(axis=0)
        scaled = (x - mean) / np.where(deviation > 0, deviation, 1)
        machine = SVC(kernel="linear", C=1).fit(scaled[support], y[support])
        values.append(100 * np.mean(machine.predict(scaled[asked]) == y[asked]))
    assert record.details["draws"] == pytest.approx(values, abs=0.51) and len(values) == 10
    assert record.value == pytest.approx(np.mean(record.details["draws"]), abs=0.02)
    assert record.details["deviation"] == pytest.approx(np.std(record.details["draws"], ddof=1), abs=0.02)
    assert (record.task, record.metric) == ("few_shot", "accuracy 10-way 10-shot")
    assert ("of the test split" in record.protocol) == (on == "test") and "C = 1 " in record.protocol


def test_too_few_classes_are_refused_with_their_number() -> None:
    with pytest.raises(DataError, match="tells up to 10 classes apart, and this data set has 9;"):
        check_pools(np.arange(9).repeat(50), np.arange(9).repeat(50), list("abcdefghi"), False)


@pytest.mark.parametrize(
    ("train", "test", "one_pool", "sentence"),
    [
        (19, 20, False, "needs 20 training clouds of each class, 20 to learn, and c has 19;"),
        (20, 19, False, "needs 20 test clouds of each class, 20 to be asked about, and c has 19;"),
        (39, 0, True, "needs 40 training clouds of each class, 20 to learn and 20 others, and c has 39;"),
    ],
)
def test_a_class_of_too_few_clouds_is_refused_with_their_number(
    train: int, test: int, one_pool: bool, sentence: str
) -> None:
    def labels(count: int) -> np.ndarray:
        return np.arange(10).repeat([60, 60, count, *[60] * 7])  # c is the third

    with pytest.raises(DataError, match=sentence):
        check_pools(labels(train), labels(train if one_pool else test), list("abcdefghij"), one_pool)
    enough = labels(40 if one_pool else 20)
    check_pools(enough, enough, list("abcdefghij"), one_pool)


def test_too_few_clouds_are_refused_before_the_features(loaded: LoadedRun, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(LoadedRun, "embed", lambda *_: pytest.fail("the work was begun"))
    monkeypatch.setattr(module, "SHOTS", (42,))
    with pytest.raises(DataError, match="needs 42 training clouds of each class"):
        few_shot_probe(loaded, probe_splits(loaded, "test"))
