"""Features of training clouds, and what is unlike them."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from conclu_pyg.errors import ConcluError, DataError
from conclu_pyg.inference import training_features
from conclu_pyg.inference.training_features import STORED, TrainingFeatures, load_training_data
from conclu_pyg.runs.loaded_run import LoadedRun, load_run


@pytest.fixture
def run(tiny_task_runs: dict[str, Path], tmp_path: Path) -> LoadedRun:
    folder = shutil.copytree(tiny_task_runs["classification"], tmp_path / "run")
    (folder / STORED).unlink(missing_ok=True)  # of another test
    return load_run(folder)


def looped_novelties(x: np.ndarray, training: np.ndarray, leave_out: bool = False) -> np.ndarray:
    """The ratio of one cloud after another, without the unit."""

    def spacing(row: int) -> float:
        return np.sort([np.linalg.norm(training[row] - training[o]) for o in range(len(training)) if o != row])[
            :5
        ].mean()

    ratios = []
    for number, each in enumerate(x):
        distances = {
            o: np.linalg.norm(each - training[o]) for o in range(len(training)) if not leave_out or o != number
        }
        nearest = sorted(distances, key=distances.__getitem__)[:5]
        ratios.append(distances[nearest[0]] / np.mean([spacing(o) for o in nearest]))
    return np.array(ratios)


def test_a_novelty_is_relative_to_the_distances_around_the_nearest_training_clouds() -> None:
    rng = np.random.default_rng(0)
    training, x = rng.normal(size=(60, 4)) * [1, 2, 3, 4], rng.normal(size=(9, 4)) * 6
    training[30:] /= 10  # a kind of shapes that differ less
    standard = (training - training.mean(axis=0)) / training.std(axis=0) / 2
    limit = np.quantile(looped_novelties(standard, standard, leave_out=True), 0.95)
    expected = looped_novelties((x - training.mean(axis=0)) / training.std(axis=0) / 2, standard) / limit
    np.testing.assert_allclose(TrainingFeatures(training).novelties(x), expected, rtol=1e-6)


def test_one_new_cloud_in_twenty_is_unlike_others_of_its_kind_and_other_clouds_are() -> None:
    rng = np.random.default_rng(1)
    training = TrainingFeatures(np.concatenate([rng.normal(size=(200, 3)), 20 + 0.1 * rng.normal(size=(200, 3))]))
    for center, spread in ((0, 1.0), (20, 0.1)):
        share = (training.novelties(center + spread * rng.normal(size=(2000, 3))) > 1).mean()
        assert 0.01 < share < 0.12
    assert (training.novelties(20 + rng.normal(size=(100, 3))) > 1).mean() > 0.9  # near in the large group's measure
    np.testing.assert_allclose(
        training.novelties(training.mean + training.reference[:3] * training.scale * 3**0.5), 0, atol=1e-6
    )


def test_equal_training_clouds_have_finite_novelties() -> None:
    training = TrainingFeatures(np.ones((30, 3)))
    assert np.isfinite(training.novelties(np.array([[1, 1, 1], [2, 1, 1.0]]))).all()


def test_training_data_are_embedded_once_and_stored_with_the_run(
    run: LoadedRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = load_training_data(run)
    assert first.title == "ParametricShapes" and first.features.reference.shape == (48, 32)
    with monkeypatch.context() as patch:
        patch.setattr(training_features, "load_reference", lambda *_, **__: pytest.fail("they were embedded again"))
        again = load_training_data(load_run(run.folder))
        np.testing.assert_array_equal(again.features.reference, first.features.reference)
    stored = run.folder / STORED
    before = stored.read_bytes()
    stored.write_bytes(before[:-7])  # damaged: it is made again
    np.testing.assert_array_equal(load_training_data(run).features.reference, first.features.reference)
    assert len(stored.read_bytes()) == len(before)
    run.config["dataset"]["num_points"] = 50  # another training data set with the same encoder
    assert len(load_training_data(run).features.reference) == 48 and stored.read_bytes() != before
    next(run.method.encoder.parameters()).data += 1.0  # another encoder
    assert not np.array_equal(load_training_data(run).features.reference, first.features.reference)


def test_training_data_that_are_not_there_are_an_error(run: LoadedRun, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(*_: object, **__: object) -> None:
        raise ConcluError("there is no data folder.")

    monkeypatch.setattr(training_features, "load_reference", missing)
    with pytest.raises(ConcluError, match="there is no data folder"):
        load_training_data(run)
    assert not (run.folder / STORED).exists()


def test_few_training_clouds_are_not_compared_with(run: LoadedRun, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(training_features, "COUNT", 12)
    with pytest.raises(DataError, match="expected at least 20 training clouds to compare with, got 12"):
        load_training_data(run)


def test_another_data_set_is_not_stored_as_that_of_the_training(run: LoadedRun) -> None:
    other = load_training_data(run, ["dataset.num_shapes=30"])
    assert len(other.features.reference) == 30 and not (run.folder / STORED).exists()
    assert len(load_training_data(run).features.reference) == 48
    stored = (run.folder / STORED).read_bytes()
    again = load_training_data(run, ["dataset.num_shapes=30"])
    np.testing.assert_array_equal(again.features.reference, other.features.reference)
    assert (run.folder / STORED).read_bytes() == stored
