import re
from pathlib import Path

import numpy as np
import pytest
import yaml
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
    return list(draw_episodes(POOL, POOL if one_pool else OTHER, np.arange(12), episodes, seed, one_pool))


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
    for support, query in draw_episodes(*pools, np.arange(20), episodes[2], loaded.seed, on == "validation"):
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
    assert str(error.value).startswith("few-shot needs 10 classes with ")
    assert "'{name: few-shot, ways: [5]}'" in str(error.value)


def sizes(count: int) -> np.ndarray:
    """The labels of ten classes of 60 clouds, apart from the third, c, and the last, j."""
    return np.arange(10).repeat([60, 60, count, *[60] * 6, count])


@pytest.mark.parametrize(
    ("train", "test", "on", "clouds", "small", "hint"),
    [
        (19, 20, "test", "20 training clouds for the support and 20 test", "c (19 + 20), j (19 + 20)", "ways: [5]"),
        (20, 7, "test", "10 training clouds for the support and 20 test", "c (20 + 7), j (20 + 7)", "queries: 7"),
        (20, 19, "validation", "40 training clouds (20 for the support", "c (39), j (39)", "queries: 19"),
    ],
)
def test_classes_of_too_few_clouds_are_named_with_the_arguments_that_fit_them(
    train: int, test: int, on: On, clouds: str, small: str, hint: str
) -> None:
    splits = splits_of(sizes(train), sizes(test), on)
    with raises(DataError, got=8) as error:
        FewShotProbe().check(splits)
    text = str(error.value)
    assert text.startswith(f"few-shot needs 10 classes with {clouds}") and f"too few have {small};" in text
    config = yaml.safe_load(re.findall(r"--probe '(.*?)'", text)[0])
    assert hint in text and config.pop("name") == "few-shot"
    FewShotProbe(**config).check(splits)
    with pytest.raises(DataError):  # one more query, or the numbers of classes that were asked for, do not fit
        FewShotProbe(**{key: value + 1 if key == "queries" else (5, 10) for key, value in config.items()}).check(splits)


@pytest.mark.parametrize("counts", [(1, 1), (2, 1), (3, 2), (1, 30)])
def test_the_arguments_of_the_hint_fit_clouds_of_any_sizes(counts: tuple[int, int]) -> None:
    splits = splits_of(*(np.arange(4).repeat([count, count + 1, 1, count + 3]) for count in counts))
    with pytest.raises(DataError) as error:
        FewShotProbe().check(splits)
    config = yaml.safe_load(re.findall(r"--probe '(.*?)'", str(error.value))[0])
    FewShotProbe(**{key: value for key, value in config.items() if key != "name"}).check(splits)


def test_without_any_pair_of_classes_another_data_set_is_the_hint() -> None:
    with pytest.raises(DataError) as error:
        FewShotProbe().check(splits_of(np.zeros(50, int), np.zeros(50, int)))
    assert str(error.value).endswith("; choose another data set by dataset.* overrides.")


@pytest.mark.parametrize("on", ["test", "validation"])
def test_small_classes_are_not_drawn_and_the_record_says_so(loaded: LoadedRun, on: On) -> None:
    whole = probe_splits(loaded, on)
    kept = [np.flatnonzero((part.y != 3) | (np.cumsum(part.y == 3) <= 4)) for part in (whole.train, whole.test)]
    splits = whole._replace(train=whole.train.subset(kept[0]), test=whole.test.subset(kept[1]))
    probe = FewShotProbe(ways=[5], shots=[3, 6], queries=4)
    probe.check(splits)
    few, many = probe.measure(loaded, splits)
    assert "notes" not in few.details and "extra" not in few.protocol
    (note,) = many.details["notes"]
    assert note.startswith("5-way 6-shot draws from 19 of 20 classes; too few have ")
    assert many.protocol["extra"] == {"classes drawn from": "19 of 20"}
    episodes = Episodes(5, 6, 4, 200)
    train, test = splits.train.y, splits.test.y
    pools = (train, test) if on == "test" else (np.concatenate([train, test]),) * 2
    classes = np.delete(np.arange(20), 3)
    drawn = draw_episodes(*pools, classes, episodes, 0, on == "validation")
    assert {label for support, _ in drawn for label in pools[0][support]} == set(classes)
