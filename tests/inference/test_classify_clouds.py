"""Predicted classes of files: batches, true classes, and what is read."""

from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import pytest
from helpers import raises

from conclu_pyg.errors import DataError
from conclu_pyg.inference import Report, predict
from conclu_pyg.inference.classify_clouds import read_files
from conclu_pyg.inference.predictor import make_predictor
from conclu_pyg.inference.read_some_points import read_some_points
from conclu_pyg.inference.training_features import load_training_data
from conclu_pyg.io.clouds import read_clouds
from conclu_pyg.io.subset import subset
from conclu_pyg.runs.loaded_run import LoadedRun, load_run


@pytest.fixture
def run(tiny_task_runs: dict[str, Path]) -> LoadedRun:
    return load_run(tiny_task_runs["classification"])


def put(path: Path, size: int = 80, seed: int = 0) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    np.save(path, np.random.default_rng(seed).normal(size=(size, 3)))
    return path


def test_files_are_predicted_as_each_alone_whatever_the_workers_are(run: LoadedRun, tmp_path: Path) -> None:
    paths = [put(tmp_path / f"{index:02d}.npy", 20 + 7 * index, index) for index in range(20)]
    training, predictor = load_training_data(run), make_predictor(run)
    found = list(predict(run, tmp_path, training=training, workers=2))
    assert [each.source for each in found] == list(map(str, paths))
    for path, each in zip(paths, found, strict=True):
        (cloud,) = read_clouds(path)
        alone = predictor.classify(cloud.points)
        assert (
            each.category == run.method.labels.classes[alone.argmax()] and next(iter(each.confidences)) == each.category
        )
        np.testing.assert_allclose(sorted(each.confidences.values()), np.sort(alone), atol=1e-5)
        assert list(each.confidences.values()) == sorted(each.confidences.values(), reverse=True)
        assert each.novelty == pytest.approx(training.novelties([cloud.points])[0], rel=1e-3)
        assert each.size == len(cloud.points) and len(each.cloud.points) == min(each.size, 64)
    whole = list(predict(run, tmp_path, whole_clouds=True))
    assert [each.category for each in whole] == [each.category for each in found]
    assert all(each.is_whole and each.novelty is None for each in whole)


def test_the_true_class_is_that_of_the_nearest_folder_of_this_name(run: LoadedRun, tmp_path: Path) -> None:
    for name in ("Chair/1.npy", "chair/old/2.npy", "chair/table/3.npy", "things/chair_4.npy"):
        put(tmp_path / "mug" / name)
    found = {Path(each.source).name: each.true_class for each in predict(run, tmp_path / "mug")}
    assert found == {"1.npy": "chair", "2.npy": "chair", "3.npy": "table", "chair_4.npy": "mug"}
    assert [each.true_class for each in predict(run, tmp_path / "mug" / "things" / "chair_4.npy")] == [None]


def test_what_cannot_be_used_is_reported_and_the_others_are_predicted(run: LoadedRun, tmp_path: Path) -> None:
    clouds = np.random.default_rng(0).normal(size=(3, 80, 3))
    clouds[1] = np.nan
    np.save(tmp_path / "b.npy", clouds)
    (tmp_path / "a.npy").touch()
    report = Report()
    found = list(predict(run, tmp_path, report=report))
    assert [each.cloud.name for each in found] == ["b_0000", "b_0002"]
    assert [problem.source for problem in report.problems] == [str(tmp_path / "a.npy"), str(tmp_path / "b.npy")]
    with raises(DataError, file=tmp_path / "a.npy"):
        list(predict(run, tmp_path))


def test_a_part_of_a_cloud_is_read_and_its_size_is_known(tmp_path: Path) -> None:
    path = put(tmp_path / "a.npy", 500)
    ((some, size),) = read_some_points(path, 64).clouds
    (whole,) = read_clouds(path)
    assert some.points.shape == (64, 3) and size == 500
    assert {tuple(point) for point in some.points.tolist()} <= {tuple(point) for point in whole.points.tolist()}
    ((small, size),) = read_some_points(put(tmp_path / "b.npy", 50), 64).clouds
    assert len(small.points) == size == 50


def test_clouds_before_damage_in_a_file_are_kept(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "a.h5", "w") as file:
        clouds = np.random.default_rng(0).normal(size=(4, 80, 3))
        data = file.create_dataset("data", data=clouds, chunks=(1, 80, 3), compression="gzip")
        place, size = (getattr(data.id.get_chunk_info(2), key) for key in ("byte_offset", "size"))
    with (tmp_path / "a.h5").open("r+b") as raw:
        raw.seek(place)
        raw.write(b"\xff" * size)
    content = read_some_points(tmp_path / "a.h5", 64)
    assert len(content.clouds) == 2 and content.errors[0].endswith(" No cloud after a_0001 was predicted.")


def test_a_model_whose_features_are_unknown_is_compared_too(
    run: LoadedRun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(tmp_path / "a.npy")
    training = load_training_data(run)
    (expected,) = predict(run, tmp_path, training=training)
    monkeypatch.setattr(type(run.method), "logits_and_features", lambda self, clouds: (self(clouds), None))
    monkeypatch.setattr(type(run.method), "forward", lambda self, clouds: self.head(training.encoder.pool(
        clouds.pos, clouds.batch, clouds.num_graphs)))  # fmt: skip
    (found,) = predict(replace(run), tmp_path, training=training)
    assert found.novelty == pytest.approx(expected.novelty, rel=1e-4)


def test_points_are_chosen_by_the_seed_of_the_predictor(tmp_path: Path) -> None:
    path = put(tmp_path / "a.npy", 80)
    for seed in (0, 1):
        ((_, content),) = read_files([path], 20, seed, workers=0)
        ((cloud, size),) = content.clouds
        np.testing.assert_array_equal(cloud.points, subset(np.load(path).astype(np.float32), 20, seed))
        assert size == 80


def test_meshes_have_the_same_points_with_and_without_whole_clouds(run: LoadedRun, tmp_path: Path) -> None:
    (tmp_path / "a.off").write_text("OFF\n4 2 0\n0 0 0\n1 0 0\n0 2 0\n0 0 3\n3 0 1 2\n3 0 1 3\n")
    ((some, size),) = read_some_points(tmp_path / "a.off", 64, seed=1).clouds
    (whole,) = read_clouds(tmp_path / "a.off")
    np.testing.assert_array_equal(some.points, subset(whole.points, 64, 1))
    assert size == len(whole.points)
    (short,), (full,) = (list(predict(run, tmp_path, whole_clouds=each)) for each in (False, True))
    assert list(short.confidences.values()) == pytest.approx(list(full.confidences.values()), abs=1e-6)
