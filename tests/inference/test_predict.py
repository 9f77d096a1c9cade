"""Predictions for files: what is written, what is shown, and what is refused without stopping the others."""

import csv
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from conclu_pyg.errors import ConfigError
from conclu_pyg.evaluation.loaded_run import LoadedRun, load_run
from conclu_pyg.inference import predict
from conclu_pyg.inference.predict import Options, predict_files
from conclu_pyg.vis.colors import hex_of


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
    assert predict_files(parts, [str(scans)], Options(out=out)) == 2
    said = capsys.readouterr().out
    assert "empty.txt" in said and "words.txt" in said and "warning: 2 of 4 files could not be used" in said
    assert "chair: " in said
    assert {p.name for p in out.iterdir()} == {
        *("labels.csv", "good.ply", "good_labels.npy", "three.ply", "three_labels.npy")
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
    assert said.count("% of the points right") == 3 and said.count("picture: ") == 3
    page = (tmp_path / "clouds.html").read_text()
    assert "truth" in page and "error" in page and len(list(tmp_path.glob("*.png"))) == 3


def test_no_data_set_is_needed_for_files(
    parts: LoadedRun, scans: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    without = replace(parts, open_dataset=lambda: pytest.fail("the data set was opened"))
    assert predict_files(without, [str(scans / "chair" / "good.npy")], Options(out=tmp_path / "out")) == 0


def test_another_vertical_axis_is_turned(parts: LoadedRun, scans: Path, tmp_path: Path) -> None:
    pos = np.load(scans / "chair" / "good.npy")
    np.save(scans / "chair" / "turned.npy", pos[:, [1, 2, 0]])  # what was z is y now
    predict_files(parts, [str(scans / "chair" / "good.npy")], Options(out=tmp_path / "a"))
    predict_files(parts, [str(scans / "chair" / "turned.npy")], Options(out=tmp_path / "b", up="y"))
    a, b = np.load(tmp_path / "a" / "good_labels.npy"), np.load(tmp_path / "b" / "turned_labels.npy")
    assert np.array_equal(a, b)


def test_a_classifier_says_a_class_with_its_probability(
    tiny_task_runs: dict[str, Path], scans: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = load_run(tiny_task_runs["classification"])
    assert predict_files(run, [str(scans / "chair" / "good.npy")], Options(out=tmp_path / "out")) == 0
    assert "%);" in capsys.readouterr().out
    assert len(set(np.load(tmp_path / "out" / "good_labels.npy"))) == 1
    with pytest.raises(ConfigError, match="a Classifier takes no --category and no --truth"):
        predict_files(run, [str(scans)], Options(out=tmp_path / "out", category="chair"))


def test_without_a_display_pictures_are_drawn_and_it_is_said(
    parts: LoadedRun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(predict, "display_problem", lambda: "there is none")
    predict_files(parts, [], Options(out=tmp_path, test=1, show=True, renderer="matplotlib"))
    assert "no window can be opened, for there is none" in capsys.readouterr().out
    assert len(list(tmp_path.glob("*.png"))) == 1


def test_with_a_display_a_window_opens_for_each_cloud(
    parts: LoadedRun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = []
    monkeypatch.setattr(predict, "display_problem", lambda: "")
    monkeypatch.setattr(predict, "show_windows", lambda panels, *_: opened.append(len(panels)))
    predict_files(parts, [], Options(out=tmp_path, test=2, show=True))
    assert opened == [3, 3] and not list(tmp_path.glob("*.png"))


def test_a_run_of_pre_training_has_nothing_to_predict(tiny_run: Path, scans: Path) -> None:
    with pytest.raises(ConfigError, match="was pre-trained without labels, so it has nothing to predict; fine-tune it"):
        predict_files(load_run(tiny_run), [str(scans)], Options())
