"""Predictions of a run for files and for its test split, through the library."""

import gc
import weakref
from dataclasses import replace
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import torch
from helpers import raises

from conclu_pyg.data.labels import Labels
from conclu_pyg.errors import ConcluError, ConfigError, DataError
from conclu_pyg.inference import predict
from conclu_pyg.inference.cloud_source import short_name
from conclu_pyg.inference.label_parts import part_shares
from conclu_pyg.inference.predict_clouds import reject_unused_overrides
from conclu_pyg.inference.prediction import Report
from conclu_pyg.inference.predictor import Predictor
from conclu_pyg.runs.loaded_run import LoadedRun, load_run
from conclu_pyg.tasks.predict import predict_split


@pytest.fixture
def parts(tiny_task_runs: dict[str, Path]) -> LoadedRun:
    return load_run(tiny_task_runs["part_segmentation"])


@pytest.fixture
def scans(tmp_path: Path) -> Path:
    """Chairs: a usable file, one of three points, an empty file, and text without numbers."""
    folder = tmp_path / "scans" / "chair"
    folder.mkdir(parents=True)
    np.save(folder / "good.npy", np.random.default_rng(0).normal(size=(200, 3)))
    (folder / "three.txt").write_text("x y z\n0 0 0\n1 1 1\n0 1 0\n")
    (folder / "empty.txt").touch()
    (folder / "words.txt").write_text("a chair\nby the window\n")
    return tmp_path / "scans"


def chair_part(run: LoadedRun) -> int:
    return int(run.method.labels.class_parts[run.method.labels.classes.index("chair")][0])


def test_files_that_cannot_be_used_are_reported_and_the_others_are_predicted(parts: LoadedRun, scans: Path) -> None:
    report = Report()
    good, three = predict(parts, [scans], report=report)
    assert (good.cloud.name, three.cloud.name) == ("good", "three") and good.category == "chair"
    allowed = parts.method.labels.class_parts[parts.method.labels.classes.index("chair")]
    assert good.labels.shape == (200,) and set(good.labels) <= set(allowed)
    assert sum(good.part_shares.values()) == pytest.approx(1) and good.accuracy is None
    assert f"category chair from the name of folder {scans / 'chair'}" in good.notes
    assert report.unusable == {str(scans / "chair" / name) for name in ("empty.txt", "words.txt")}
    assert report.without_truth == set() and len(report.problems) == 2


def test_without_a_report_the_first_problem_is_raised(parts: LoadedRun, scans: Path) -> None:
    with raises(DataError, file=scans / "chair" / "empty.txt"):
        list(predict(parts, [scans]))
    clouds = np.random.default_rng(0).normal(size=(2, 80, 3))
    clouds[0] = np.nan
    np.save(scans / "chair" / "several.npy", clouds)
    with raises(DataError, file=f"{scans / 'chair' / 'several.npy'}, cloud 0000"):
        list(predict(parts, [scans / "chair" / "several.npy"]))
    with raises(DataError, file=scans / "chair" / "good.npy"):
        list(predict(parts, [scans / "chair" / "good.npy"], truth=scans))


def test_calling_is_lazy_and_prints_nothing(
    tiny_task_runs: dict[str, Path], scans: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(Predictor, "label_points", lambda *_: pytest.fail("it was predicted before it was asked for"))
        found = predict(tiny_task_runs["part_segmentation"], [scans / "chair" / "good.npy"])
    assert len(list(found)) == 1 and capfd.readouterr() == ("", "")


def test_no_data_set_is_opened_for_files(parts: LoadedRun, scans: Path) -> None:
    without = replace(parts, open_dataset=lambda: pytest.fail("the data set was opened"))
    assert len(list(predict(without, [scans / "chair" / "good.npy"]))) == 1


def test_a_missing_data_set_is_found_before_anything_is_predicted(parts: LoadedRun, scans: Path) -> None:
    def missing() -> Any:
        raise ConcluError("there is no data folder.")

    with pytest.raises(ConcluError) as error:
        predict(replace(parts, open_dataset=missing), [scans], test=1)
    assert str(error.value) == "there is no data folder."


def test_another_up_axis_is_rotated(parts: LoadedRun, scans: Path) -> None:
    pos = np.load(scans / "chair" / "good.npy")
    np.save(scans / "chair" / "rotated.npy", pos[:, [1, 2, 0]])  # z becomes y
    (a,) = predict(parts, [scans / "chair" / "good.npy"])
    (b,) = predict(parts, [scans / "chair" / "rotated.npy"], up="y")
    assert np.array_equal(a.labels, b.labels)


def test_clouds_are_rotated_as_in_the_training(
    parts: LoadedRun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The encoder of the run expects x up and its data set has z up: files and test clouds have z up, too."""
    rotated = replace(parts, checkpoint=replace(parts.checkpoint, up_axis=0, data_axis=2))
    seen: list[torch.Tensor] = []

    def remember(self: Predictor, pos: np.ndarray, category: int) -> np.ndarray:
        seen.append(self._prepared(pos).pos)
        return np.full(len(pos), self.model.labels.class_parts[category][0])

    monkeypatch.setattr(Predictor, "label_points", remember)
    trained_on = rotated.split("test").__getitems__([0])
    np.save(tmp_path / "airplane.npy", parts.dataset.get_split("test").pos[0])
    for up in (None, "z"):
        list(predict(rotated, [tmp_path / "airplane.npy"], test=1, up=up))  # type: ignore[arg-type]
    assert len(seen) == 4 and all(torch.allclose(pos, trained_on.pos, atol=1e-6) for pos in seen)
    list(predict(rotated, [tmp_path / "airplane.npy"], test=1, up="x"))
    assert torch.allclose(seen[5], trained_on.pos, atol=1e-6)  # the up axis of the test split is known
    assert not torch.allclose(seen[4], trained_on.pos, atol=0.1)


def test_test_clouds_have_their_ground_truth(tiny_task_runs: dict[str, Path]) -> None:
    for task, run in tiny_task_runs.items():
        loaded = load_run(run)
        split = loaded.dataset.get_split("test")
        found = list(predict(loaded, test=6))
        indices = [0, 8, 16, 23, 31, 39]
        assert {prediction.source for prediction in found} == {"test split"}
        classes = [loaded.dataset.label_to_names[int(y)] for y in split.y[indices]]
        if task == "classification":
            assert [prediction.true_class for prediction in found] == classes
            assert all(len(set(prediction.labels)) == 1 for prediction in found)
            assert all(prediction.confidence is not None and 0 < prediction.confidence <= 1 for prediction in found)
        else:
            assert [prediction.category for prediction in found] == classes and split.part is not None
            for prediction, index in zip(found, indices, strict=True):
                assert prediction.true_parts is not None
                assert np.array_equal(prediction.true_parts, split.part[index])
        assert all(prediction.accuracy is not None for prediction in found)


def test_a_test_cloud_gets_the_labels_of_the_evaluation(parts: LoadedRun) -> None:
    evaluated = predict_split(parts.method, parts.split("test"), parts.device).labels.view(40, 64)
    single = np.stack([prediction.labels for prediction in predict(parts, test=40)])
    assert np.mean(single == evaluated.numpy()) > 0.999  # the batch sizes differ, and with them the rounding


@pytest.mark.parametrize(("name", "value"), [("num_points", 0), ("num_points", -4), ("votes", 0), ("test", -1)])
def test_counts_out_of_range_are_refused(parts: LoadedRun, name: str, value: int) -> None:
    with raises(ConfigError, argument=name, got=value):
        predict(parts, **{name: value})  # type: ignore[arg-type]


def test_a_run_of_pre_training_cannot_predict(tiny_run: Path, scans: Path) -> None:
    with pytest.raises(ConfigError, match="was pre-trained without labels and cannot predict any; fine-tune it first"):
        predict(tiny_run, [scans])


@pytest.mark.parametrize("options", [{"category": ""}, {"truth": Path("nowhere")}])
def test_a_classifier_refuses_category_and_truth(
    options: dict[str, Any], tiny_task_runs: dict[str, Path], scans: Path
) -> None:
    with raises(ConfigError, argument="category") as error:
        predict(tiny_task_runs["classification"], [scans], **options)
    assert str(error.value) == "Classifier uses no category and no ground truth of parts; leave them out."


def test_clouds_are_released(parts: LoadedRun, scans: Path) -> None:
    for index in range(6):
        np.save(scans / "chair" / f"{index}.npy", np.random.default_rng(index).normal(size=(300, 3)))
    seen: list[weakref.ref[np.ndarray]] = []
    alive: list[int] = []
    for prediction in predict(parts, [scans], report=Report()):
        gc.collect()
        seen.append(weakref.ref(prediction.cloud.points))
        alive.append(sum(ref() is not None for ref in seen))
    assert len(seen) == 8 and max(alive) <= 2  # the previous one may still be in use


def test_a_label_file_is_for_one_cloud(parts: LoadedRun, scans: Path, tmp_path: Path) -> None:
    labels, several = tmp_path / "labels.npy", tmp_path / "chair.npy"
    np.save(labels, np.full(200, chair_part(parts)))
    with raises(ConfigError, file=labels):
        predict(parts, [scans], truth=labels)
    np.save(several, np.random.default_rng(0).normal(size=(2, 200, 3)))
    report = Report()
    found = list(predict(parts, [several], truth=labels, report=report))
    assert [prediction.accuracy for prediction in found] == [None, None]
    assert report.without_truth == {str(several)}
    assert len({problem.message for problem in report.problems}) == 1
    folder = tmp_path / "truth"
    folder.mkdir()
    for index in range(2):
        np.save(folder / f"chair_000{index}.npy", np.full(200, chair_part(parts)))
    assert all(prediction.accuracy is not None for prediction in predict(parts, [several], truth=folder))


def test_files_without_ground_truth_are_predicted(parts: LoadedRun, scans: Path, tmp_path: Path) -> None:
    truth, files = tmp_path / "truth", [scans / "chair" / name for name in ("good.npy", "three.txt", "empty.txt")]
    truth.mkdir()
    np.save(truth / "good.npy", np.full(200, chair_part(parts)))
    report = Report()
    found = list(predict(parts, files, truth=truth, report=report))
    assert [prediction.accuracy is None for prediction in found] == [False, True]
    assert report.unusable == {str(files[2])} and report.without_truth == {str(files[1])}


def test_foreign_parts_in_a_file_are_ignored_with_a_note(parts: LoadedRun, tmp_path: Path) -> None:
    with h5py.File(tmp_path / "chair.h5", "w") as file:
        file["data"] = np.random.default_rng(0).normal(size=(50, 3))
        file["pid"] = np.full(50, 999)
    (found,) = predict(parts, [tmp_path / "chair.h5"])
    assert found.accuracy is None and any("parts in the file were ignored" in note for note in found.notes)


def test_a_cloud_of_few_points_gets_a_note(parts: LoadedRun, scans: Path) -> None:
    three, good = predict(parts, [scans / "chair" / "three.txt", scans / "chair" / "good.npy"])
    assert "only 3 points, but the model gets 64 at a time: it may be unreliable" in three.notes
    assert not any("only" in note for note in good.notes)


def test_an_unusable_cloud_does_not_stop_its_file(parts: LoadedRun, tmp_path: Path) -> None:
    clouds = np.random.default_rng(0).normal(size=(4, 80, 3))
    clouds[1] = np.nan
    np.save(tmp_path / "chair.npy", clouds)
    report = Report()
    found = list(predict(parts, [tmp_path / "chair.npy"], report=report))
    assert [prediction.cloud.name for prediction in found] == ["chair_0000", "chair_0002", "chair_0003"]
    (problem,) = report.problems
    assert f"{tmp_path / 'chair.npy'}, cloud 0001: none of its 80 points" in problem.message


@pytest.mark.parametrize("task", ["part_segmentation", "classification"])
def test_a_cloud_on_which_the_model_fails_does_not_stop_the_others(
    task: str, tiny_task_runs: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clouds = np.random.default_rng(0).normal(size=(3, 80, 3)).astype(np.float32)
    np.save(tmp_path / "chair.npy", clouds)
    unfit = [clouds[1], load_run(tiny_task_runs[task]).dataset.get_split("test").pos[20]]  # the second of three
    original = Predictor._prepared

    def fail(self: Predictor, pos: np.ndarray) -> Any:
        if any(np.isin(pos[0], other).all() for other in unfit):
            raise ConcluError("the model fails.")
        return original(self, pos)

    monkeypatch.setattr(Predictor, "_prepared", fail)
    report = Report()
    found = list(predict(tiny_task_runs[task], [tmp_path / "chair.npy"], test=3, report=report))
    assert [prediction.cloud.name for prediction in found][:2] == ["chair_0000", "chair_0002"] and len(found) == 4
    assert report.unusable == {str(tmp_path / "chair.npy"), "test split"}
    assert report.problems[0].message == f"{tmp_path / 'chair.npy'}, chair_0001: the model fails."


def test_damage_in_the_middle_of_a_file_is_reported_with_the_last_cloud(parts: LoadedRun, tmp_path: Path) -> None:
    clouds = np.random.default_rng(0).normal(size=(4, 80, 3))
    with h5py.File(tmp_path / "chair.h5", "w") as file:
        data = file.create_dataset("data", data=clouds, chunks=(1, 80, 3), compression="gzip")
        place, size = (getattr(data.id.get_chunk_info(2), key) for key in ("byte_offset", "size"))
    with (tmp_path / "chair.h5").open("r+b") as raw:
        raw.seek(place)
        raw.write(b"\xff" * size)
    report = Report()
    found = list(predict(parts, [tmp_path / "chair.h5"], report=report))
    assert [prediction.cloud.name for prediction in found] == ["chair_0000", "chair_0001"]
    (problem,) = report.problems
    assert problem.message.endswith(" No cloud after chair_0001 was predicted.")


UNUSED = ["dataset.num_shapes=3", "dataset.num_test_shapes=20", "dataset.num_points=32", "dataset.num_shapes=4"]
USED = [
    "dataset.transform=[]",
    "dataset.transform[0].name=X",
    "dataset.name=Other",
    "imports=[a.py]",
    "pipeline.device=cpu",
]


def test_unused_overrides_are_rejected_for_files() -> None:
    named = "dataset.num_shapes and dataset.num_test_shapes and dataset.num_points"
    with pytest.raises(ConfigError, match=rf"^{named} has no effect"):
        reject_unused_overrides([*USED, *UNUSED], opened=False)
    reject_unused_overrides(USED, opened=False)
    reject_unused_overrides(UNUSED, opened=True)


@pytest.mark.parametrize(
    ("name", "short"),
    [
        ("sink/sink_0141", "sink_0141"), ("test/sink/sink_0141", "sink_0141"), ("chair/0001", "chair/0001"),
        ("sink_0141", "sink_0141"), ("/x", "/x"), ("a/b/c", "a/b/c"), ("", ""),
    ],
)  # fmt: skip
def test_a_name_does_not_repeat_its_class(name: str, short: str) -> None:
    assert short_name(name) == short


def test_shares_are_those_of_the_parts_that_occur() -> None:
    known = Labels(("chair", "table"), ("leg", "seat", "top", "foot"), ((0, 1), (2, 3)))
    assert part_shares(known, 0, np.array([0] * 3 + [1] * 997)) == {"leg": 0.003, "seat": 0.997}
    assert part_shares(known, 1, np.array([3, 3, 3])) == {"foot": 1.0}
