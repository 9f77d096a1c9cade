"""Predictions for files: what is written, what is shown, and what is refused without stopping the others."""

import csv
import gc
import importlib.util
import weakref
from dataclasses import replace
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import torch

from conclu_pyg.errors import ConcluError, ConfigError
from conclu_pyg.inference import show, written
from conclu_pyg.inference.inputs import find_inputs
from conclu_pyg.inference.options import Options
from conclu_pyg.inference.predict import predict_files as predict_inputs
from conclu_pyg.inference.predict_cloud import Predictor
from conclu_pyg.runs.loaded_run import LoadedRun, load_run
from conclu_pyg.vis.colors import hex_of

pytestmark = pytest.mark.usefixtures("terminal")


def predict_files(run: LoadedRun, names: list[str], options: Options) -> str:
    return predict_inputs(run, find_inputs(names), options)


def list_of(out: Path) -> list[dict[str, str]]:
    with (out / "predictions.csv").open(newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture
def parts(tiny_task_runs: dict[str, Path]) -> LoadedRun:
    return load_run(tiny_task_runs["part_segmentation"])


@pytest.fixture
def scans(tmp_path: Path) -> Path:
    """Chairs: a usable one, one of three points, an empty file, and text that is no numbers."""
    folder = tmp_path / "scans" / "chair"
    folder.mkdir(parents=True)
    np.save(folder / "good.npy", np.random.default_rng(0).normal(size=(200, 3)))
    (folder / "three.txt").write_text("x y z\n0 0 0\n1 1 1\n0 1 0\n")
    (folder / "empty.txt").touch()
    (folder / "words.txt").write_text("a chair\nby the window\n")
    return tmp_path / "scans"


def test_each_cloud_is_written_and_each_file_that_cannot_be_used_is_said(
    parts: LoadedRun, scans: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    assert (
        predict_files(parts, [str(scans)], Options(out=out)) == "2 files could not be used; the warnings above say why."
    )
    said = capsys.readouterr().out
    assert (
        "empty.txt" in said and "words.txt" in said and said.count("warning") == 2 and "for 2 clouds the points" in said
    )
    assert "chair: " in said
    assert said.count(f"note: taken for the category chair by the name of the folder {scans / 'chair'}") == 2
    assert {p.name for p in out.iterdir()} == {
        *("labels.csv", "predictions.csv", "good.ply", "good_labels.npy", "three.ply", "three_labels.npy")
    }
    allowed = parts.method.labels.class_parts[parts.method.labels.classes.index("chair")]
    labels = np.load(out / "good_labels.npy")
    assert labels.shape == (200,) and set(labels) <= set(allowed)
    with (out / "labels.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["name"] for row in rows] == list(parts.method.labels.parts) and rows[3]["color"] == hex_of(3)


def test_clouds_of_the_same_name_are_written_apart(parts: LoadedRun, tmp_path: Path) -> None:
    for folder in ("chair", "table"):
        (tmp_path / folder).mkdir()
        np.save(tmp_path / folder / "one.npy", np.random.default_rng(0).normal(size=(64, 3)))
    out = tmp_path / "out"
    predict_files(parts, [str(tmp_path / "chair"), str(tmp_path / "table")], Options(out=out))
    assert {p.name for p in out.glob("*.npy")} == {"one_labels.npy", "one-2_labels.npy"}


def test_clouds_of_the_test_split_come_with_their_truth(
    parts: LoadedRun, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    predict_files(parts, [], Options(out=tmp_path, test=3, png=True, html=True, renderer="matplotlib"))
    said = capsys.readouterr().out
    assert said.count("% of the points right; ") == 3 and said.count("picture: ") == 3
    page = (tmp_path / "clouds.html").read_text()
    assert ", z up</h1>" in page
    assert "truth" in page and "error" in page and len(list(tmp_path.glob("*.png"))) == 3


def test_no_data_set_is_needed_for_files(
    parts: LoadedRun, scans: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    without = replace(parts, open_dataset=lambda: pytest.fail("the data set was opened"))
    assert predict_files(without, [str(scans / "chair" / "good.npy")], Options(out=tmp_path / "out")) == ""


def test_another_vertical_axis_is_turned(parts: LoadedRun, scans: Path, tmp_path: Path) -> None:
    pos = np.load(scans / "chair" / "good.npy")
    np.save(scans / "chair" / "turned.npy", pos[:, [1, 2, 0]])  # what was z is y now
    predict_files(parts, [str(scans / "chair" / "good.npy")], Options(out=tmp_path / "a"))
    predict_files(parts, [str(scans / "chair" / "turned.npy")], Options(out=tmp_path / "b", up="y"))
    a, b = np.load(tmp_path / "a" / "good_labels.npy"), np.load(tmp_path / "b" / "turned_labels.npy")
    assert np.array_equal(a, b)


def test_the_clouds_of_a_run_that_turned_them_are_turned_again(
    parts: LoadedRun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run whose encoder knew x up and whose data set has z up: files and test clouds stand as that data set's do."""
    turned = replace(parts, checkpoint=replace(parts.checkpoint, up_axis=0, data_axis=2))
    seen: list[torch.Tensor] = []

    def remember(self: Predictor, pos: np.ndarray, category: int) -> np.ndarray:
        seen.append(self._prepared(pos).pos)
        return np.full(len(pos), self.model.labels.class_parts[category][0])

    monkeypatch.setattr(Predictor, "label_points", remember)
    trained_on = turned.split("test").__getitems__([0])
    np.save(tmp_path / "airplane.npy", parts.dataset.get_split("test").pos[0])
    for up in (None, "z"):
        predict_files(turned, [str(tmp_path / "airplane.npy")], Options(out=tmp_path / "out", test=1, up=up))
    assert len(seen) == 4 and all(torch.allclose(pos, trained_on.pos, atol=1e-6) for pos in seen)
    predict_files(turned, [str(tmp_path / "airplane.npy")], Options(out=tmp_path / "out", test=1, up="x"))
    assert torch.allclose(seen[5], trained_on.pos, atol=1e-6)  # it is known how the test split stands
    assert not torch.allclose(seen[4], trained_on.pos, atol=0.1)


def test_a_classifier_says_a_class_with_its_probability(
    tiny_task_runs: dict[str, Path], scans: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = load_run(tiny_task_runs["classification"])
    assert predict_files(run, [str(scans / "chair" / "good.npy")], Options(out=tmp_path / "out")) == ""
    assert "%);" in capsys.readouterr().out
    assert len(set(np.load(tmp_path / "out" / "good_labels.npy"))) == 1
    with pytest.raises(ConfigError, match="a Classifier takes no --category and no --truth"):
        predict_files(run, [str(scans)], Options(out=tmp_path / "out", category=""))
    with pytest.raises(ConfigError, match="a Classifier takes no --category and no --truth"):
        predict_files(run, [str(scans)], Options(out=tmp_path / "out", truth=Path("nowhere")))


def test_without_a_display_pictures_are_drawn_and_it_is_said(
    parts: LoadedRun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(show, "display_problem", lambda: "there is none")
    predict_files(parts, [], Options(out=tmp_path, test=1, show=True, renderer="matplotlib"))
    assert "no window can be opened, for there is none" in capsys.readouterr().out
    assert len(list(tmp_path.glob("*.png"))) == 1


def test_a_missing_open3d_is_known_before_anything_is_predicted(
    parts: LoadedRun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    monkeypatch.setattr(show, "display_problem", lambda: "there is none")
    for wanted, what in (({"png": True}, ""), ({"show": True}, ", as --show does where no window can be opened,")):
        match = rf"^drawing pictures{what} needs Open3D, .* or give --renderer matplotlib\.$"
        with pytest.raises(ConcluError, match=match):
            predict_files(parts, [], Options(out=tmp_path / "out", test=1, **wanted))
    monkeypatch.setattr(show, "display_problem", lambda: "")
    with pytest.raises(ConcluError, match=r"^a window needs Open3D, .* or leave --show out\.$"):
        predict_files(parts, [], Options(out=tmp_path / "out", test=1, show=True, renderer="matplotlib"))
    assert not (tmp_path / "out").exists()


def test_with_a_display_a_window_opens_for_each_cloud(
    parts: LoadedRun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = []
    monkeypatch.setattr(show, "check_open3d", lambda *_: None)  # a stand-in draws
    monkeypatch.setattr(show, "display_problem", lambda: "")
    monkeypatch.setattr(show, "show_windows", lambda panels, *_: opened.append(len(panels)))
    predict_files(parts, [], Options(out=tmp_path, test=2, show=True))
    assert opened == [3, 3] and not list(tmp_path.glob("*.png"))


def test_a_run_of_pre_training_has_nothing_to_predict(tiny_run: Path, scans: Path) -> None:
    with pytest.raises(ConfigError, match="was pre-trained without labels, so it has nothing to predict; fine-tune it"):
        predict_files(load_run(tiny_run), [str(scans)], Options())


@pytest.mark.parametrize("out", ["scans", "scans/chair", ".", "other"])
def test_nothing_is_written_where_something_is_read(parts: LoadedRun, scans: Path, tmp_path: Path, out: str) -> None:
    (scans / "chair" / "labels.csv").write_text("mine")
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "link.npy").symlink_to(scans / "chair" / "good.npy")
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    with pytest.raises(ConfigError, match=r"^--out .* would write among what is read, .*; name another folder\.$"):
        predict_files(parts, [str(scans), str(tmp_path / "other" / "link.npy")], Options(out=tmp_path / out))
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before


def test_a_folder_of_true_parts_is_not_written_into(parts: LoadedRun, scans: Path, tmp_path: Path) -> None:
    truth = tmp_path / "truth"
    truth.mkdir()
    with pytest.raises(ConfigError, match="would write among what is read"):
        predict_files(parts, [str(scans)], Options(out=truth, truth=truth))
    assert not list(truth.iterdir())


def test_clouds_are_not_kept_when_they_are_written(
    parts: LoadedRun, scans: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for index in range(6):
        np.save(scans / "chair" / f"{index}.npy", np.random.default_rng(index).normal(size=(300, 3)))
    seen: list[weakref.ref[np.ndarray]] = []
    alive: list[int] = []

    def remember(path: Path, pos: np.ndarray, *_: Any) -> None:
        gc.collect()
        seen.append(weakref.ref(pos))
        alive.append(sum(ref() is not None for ref in seen))

    drawn: list[int] = []
    monkeypatch.setattr(written, "write_ply", remember)
    monkeypatch.setattr(show, "check_open3d", lambda *_: None)  # a stand-in draws
    monkeypatch.setattr(show, "render_picture", lambda *_, **__: drawn.append(len(seen)))
    monkeypatch.setattr("conclu_pyg.vis.page.MAX_POINTS", 100)
    monkeypatch.setattr(show, "MAX_CLOUDS", 4)
    predict_files(parts, [str(scans)], Options(out=tmp_path / "out", html=True, png=True))
    assert len(seen) == 8 and max(alive) <= 2  # the one before may wait for its turn to end
    assert drawn == list(range(1, 9))
    text = (tmp_path / "out" / "clouds.html").read_text()
    assert sum("clouds.html" in row["files"].split() for row in list_of(tmp_path / "out")) == 4
    assert text.count("<section id=") == 4 and text.count("100 of its 300 points are shown, chosen at random.") == 4


def test_what_cannot_be_drawn_keeps_nothing_from_being_predicted(
    parts: LoadedRun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise ConcluError("no way to draw.")

    monkeypatch.setattr(show, "check_open3d", lambda *_: None)  # a stand-in draws
    monkeypatch.setattr(show, "render_picture", fail)
    with pytest.raises(ConcluError, match=r"^no way to draw"):
        predict_files(parts, [], Options(out=tmp_path, test=3, png=True, html=True))
    assert len(list(tmp_path.glob("*_labels.npy"))) == 3 and (tmp_path / "clouds.html").exists()
    assert len(list_of(tmp_path)) == 3


def test_one_file_of_labels_is_for_one_cloud(
    parts: LoadedRun, scans: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    labels, out = tmp_path / "labels.npy", tmp_path / "out"
    part = parts.method.labels.class_parts[parts.method.labels.classes.index("chair")][0]
    np.save(labels, np.full(200, part))
    with pytest.raises(ConfigError, match=r"is one file of labels, and 4 files are meant; name a folder with NAME.seg"):
        predict_files(parts, [str(scans)], Options(out=out, truth=labels))
    assert not out.exists()
    several = tmp_path / "chair.npy"
    np.save(several, np.random.default_rng(0).normal(size=(2, 200, 3)))
    problems = predict_files(parts, [str(several)], Options(out=out, truth=labels))
    assert problems == "1 file had no truth that could be used; the warnings above say why."
    said = capsys.readouterr().out
    assert said.count("holds several clouds, and --truth") == 1 and "for 2 clouds" in said and "right" not in said
    folder = tmp_path / "truth"
    folder.mkdir()
    for index in range(2):
        np.save(folder / f"chair_000{index}.npy", np.full(200, part))
    assert predict_files(parts, [str(several)], Options(out=out, truth=folder)) == ""
    said = capsys.readouterr().out
    assert said.count("% of the points right; ") == 2 and "% of the points right, the mean of 2 clouds" in said


def test_parts_in_a_file_that_are_not_the_runs_are_left_out_and_it_is_said(
    parts: LoadedRun, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with h5py.File(tmp_path / "chair.h5", "w") as file:
        file["data"] = np.random.default_rng(0).normal(size=(50, 3))
        file["pid"] = np.full(50, 999)
    assert predict_files(parts, [str(tmp_path / "chair.h5")], Options(out=tmp_path / "out")) == ""
    said = capsys.readouterr().out
    assert "note: the parts that the file has were left out" in said and "points right" not in said


def test_names_from_data_stay_in_the_folder(parts: LoadedRun, tmp_path: Path) -> None:
    split = parts.dataset.get_split("test")
    split.names[0], split.names[-1] = "..", "a/../\\b:c*" + "x" * 300
    out = tmp_path / "a" / "out"
    predict_files(parts, [], Options(out=out, test=2))
    names = sorted(path.name for path in out.glob("*.ply"))
    assert names == ["a_..__b_c_" + "x" * 90 + ".ply", "cloud.ply"] and len(list(tmp_path.rglob("*.ply"))) == 2


def test_an_answer_that_cannot_be_written_is_said_and_the_others_go_on(
    parts: LoadedRun, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    np.save(tmp_path / "chair.npy", np.random.default_rng(0).normal(size=(3, 50, 3)))
    (tmp_path / "out" / "chair_0001.ply").mkdir(parents=True)
    problems = predict_files(parts, [str(tmp_path / "chair.npy")], Options(out=tmp_path / "out"))
    assert problems == "1 file could not be used; the warnings above say why."
    assert [row["cloud"] for row in list_of(tmp_path / "out")] == ["chair_0000", "chair_0002"]
    assert "chair_0001: the answer cannot be written" in capsys.readouterr().out
    assert {p.name for p in (tmp_path / "out").glob("*.npy")} == {"chair_0000_labels.npy", "chair_0002_labels.npy"}


def test_a_classifier_is_held_against_the_classes_of_the_test_split(
    tiny_task_runs: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run, out = load_run(tiny_task_runs["classification"]), tmp_path / "out"
    assert predict_files(run, [], Options(out=out, test=6)) == ""
    said, rows = capsys.readouterr().out, list_of(out)
    true = [run.dataset.label_to_names[int(label)] for label in run.dataset.get_split("test").y[[0, 8, 16, 23, 31, 39]]]
    assert [row["true_class"] for row in rows] == true and {row["file"] for row in rows} == {"test split"}
    right = sum(row["class"] == row["true_class"] for row in rows)
    assert said.count(", right; ") == right and said.count(", wrong; ") == 6 - right and f", true: {true[0]}, " in said
    assert f"in total: {right} of 6 clouds right ({100 * right / 6:.1f} %)" in said
    assert all(0 < float(row["probability"]) <= 1 for row in rows)


def test_labels_can_be_laid_beside_the_file_and_points_over_it(
    parts: LoadedRun, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    points = np.random.default_rng(0).normal(size=(100, 3)) + np.array([4e6, -5e5, 0])
    points[[7, 99]] = np.nan
    np.save(tmp_path / "chair.npy", points)
    out = tmp_path / "out"
    assert predict_files(parts, [str(tmp_path / "chair.npy")], Options(out=out)) == ""
    labels = np.load(out / "chair_labels.npy")
    assert len(labels) == 100 and np.flatnonzero(labels == -1).tolist() == [7, 99]
    body = (out / "chair.ply").read_bytes().partition(b"end_header\n")[2]
    vertices = np.frombuffer(body, [("pos", "<f8", 3), ("color", "u1", 3), ("label", "<i4")])
    used = np.delete(np.arange(100), [7, 99])
    assert np.abs(vertices["pos"] - points[used]).max() < 1e-5
    assert np.array_equal(vertices["label"], labels[used])
    (row,) = list_of(out)
    assert row["points"] == "98" and row["left_out"] == "2"
    assert np.allclose([float(x) for x in row["moved_by"].split()], [4e6, -5e5, 0], atol=5)
    assert "removed (2 of 100)" in row["note"] and "removed (2 of 100)" in capsys.readouterr().out


def test_a_cloud_of_few_points_gets_a_note(
    parts: LoadedRun, scans: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    predict_files(parts, [str(scans / "chair" / "three.txt")], Options(out=tmp_path / "out"))
    note = "only 3 points, where the model takes 64 at a time"
    assert note in capsys.readouterr().out and note in list_of(tmp_path / "out")[0]["note"]
    predict_files(parts, [str(scans / "chair" / "good.npy")], Options(out=tmp_path / "out"))
    assert "only" not in capsys.readouterr().out


def test_a_file_without_its_truth_is_predicted_all_the_same(
    parts: LoadedRun, scans: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    truth, files = tmp_path / "truth", [str(scans / "chair" / name) for name in ("good.npy", "three.txt", "empty.txt")]
    truth.mkdir()
    part = parts.method.labels.class_parts[parts.method.labels.classes.index("chair")][0]
    np.save(truth / "good.npy", np.full(200, part))
    problems = predict_files(parts, files, Options(out=tmp_path / "out", truth=truth))
    assert problems.startswith("1 file could not be used, and 1 file had no truth that could be used; the warnings")
    said = capsys.readouterr().out
    assert "there are no part labels for" in said and "The prediction is shown without a truth." in said
    assert [bool(row["points_right"]) for row in list_of(tmp_path / "out")] == [True, False]


def test_missing_test_data_are_said_before_anything_is_predicted(parts: LoadedRun, scans: Path, tmp_path: Path) -> None:
    def missing() -> Any:
        raise ConcluError("there is no folder of data.")

    without = replace(parts, open_dataset=missing)
    with pytest.raises(ConcluError, match="there is no folder of data"):
        predict_files(without, [str(scans)], Options(out=tmp_path / "out", test=1))
    assert not (tmp_path / "out").exists()


def test_what_is_passed_over_and_which_way_is_up_are_said_once(
    parts: LoadedRun, scans: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (scans / "a.las").touch()
    predict_files(parts, [str(scans)], Options(out=tmp_path / "out"))
    said = capsys.readouterr().out
    assert said.count(f"passed over in {scans}: 1 .las") == 1 and said.count("clouds are taken as z up") == 1


def test_pictures_and_the_page_are_listed_with_their_clouds(parts: LoadedRun, tmp_path: Path) -> None:
    predict_files(parts, [], Options(out=tmp_path, test=2, png=True, html=True, renderer="matplotlib"))
    files = [row["files"].split() for row in list_of(tmp_path)]
    assert all([name[-4:] for name in row] == [".ply", ".npy", ".png", "html"] for row in files)
    assert all((tmp_path / name).exists() for name in (*files[0], *files[1]))
    predict_files(parts, [], Options(out=tmp_path, test=1))
    assert not list(tmp_path.glob("*.png")) and not (tmp_path / "clouds.html").exists()


def test_a_cloud_that_cannot_be_used_keeps_no_other_of_its_file_from_being_predicted(
    parts: LoadedRun, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    clouds = np.random.default_rng(0).normal(size=(4, 80, 3))
    clouds[1] = np.nan
    np.save(tmp_path / "chair.npy", clouds)
    problems = predict_files(parts, [str(tmp_path / "chair.npy")], Options(out=tmp_path / "out"))
    assert problems == "1 file could not be used; the warnings above say why."
    assert [row["cloud"] for row in list_of(tmp_path / "out")] == ["chair_0000", "chair_0002", "chair_0003"]
    said = " ".join(capsys.readouterr().out.split())
    assert said.count("warning: ") == 1 and f"{tmp_path / 'chair.npy'}, cloud 0001, has 80 points and none" in said


@pytest.mark.parametrize(("task", "method"), [("part_segmentation", "label_points"), ("classification", "classify")])
def test_a_cloud_without_an_answer_keeps_no_other_from_being_predicted(
    task: str,
    method: str,
    tiny_task_runs: dict[str, Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    np.save(tmp_path / "chair.npy", np.random.default_rng(0).normal(size=(3, 80, 3)))
    asked, answer = [], getattr(Predictor, method)

    def fail_at_two(self: Predictor, *given: Any) -> np.ndarray:
        asked.append(given)
        if len(asked) in (2, 5):
            raise ConcluError("no answer.")
        return answer(self, *given)

    monkeypatch.setattr(Predictor, method, fail_at_two)
    out = tmp_path / "out"
    problems = predict_files(load_run(tiny_task_runs[task]), [str(tmp_path / "chair.npy")], Options(out=out, test=3))
    assert problems.startswith("2 files could not be used")
    rows = list_of(out)
    assert [row["cloud"] for row in rows][:2] == ["chair_0000", "chair_0002"] and len(rows) == 4
    said = capsys.readouterr().out
    assert said.count("warning: ") == 2 and f"{tmp_path / 'chair.npy'}, chair_0001: no answer." in said


def test_what_ends_a_file_in_its_middle_is_said_with_the_last_cloud(
    parts: LoadedRun, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    clouds = np.random.default_rng(0).normal(size=(4, 80, 3))
    with h5py.File(tmp_path / "chair.h5", "w") as file:
        data = file.create_dataset("data", data=clouds, chunks=(1, 80, 3), compression="gzip")
        place, size = (getattr(data.id.get_chunk_info(2), key) for key in ("byte_offset", "size"))
    with (tmp_path / "chair.h5").open("r+b") as raw:
        raw.seek(place)
        raw.write(b"\xff" * size)
    problems = predict_files(parts, [str(tmp_path / "chair.h5")], Options(out=tmp_path / "out"))
    assert problems == "1 file could not be used; the warnings above say why."
    assert [row["cloud"] for row in list_of(tmp_path / "out")] == ["chair_0000", "chair_0001"]
    said = " ".join(capsys.readouterr().out.split())
    assert "damaged" in said and "No cloud after chair_0001 was predicted." in said
