"""The output folder: its tables, its names, and the files of earlier calls."""

import csv
import logging
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers import raises

from conclu_pyg.errors import ConfigError
from conclu_pyg.inference.output_folder import COLUMNS, PredictionWriter, check_page
from conclu_pyg.inference.prediction import Prediction
from conclu_pyg.io.clouds import Cloud
from conclu_pyg.io.find_files import holds_predictions
from conclu_pyg.vis.cards import write_cards


def prediction(name: str, size: int = 5, **changes: Any) -> Prediction:
    pos, labels = np.random.default_rng(0).normal(size=(size, 3)), np.arange(size) % 2
    of_cloud = {key: changes.pop(key) for key in ("rows", "left_out", "offset") if key in changes}
    return Prediction(Cloud(name, pos, **of_cloud), f"scans/{name}.ply", labels, "chair", {"leg": 1.0}, **changes)


@pytest.fixture(autouse=True)
def log_level(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "conclu_pyg")


def messages(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records]


def kept(folder: Path) -> str:
    return f"kept earlier predictions in {folder} that its predictions.csv does not list"


def rows_of(folder: Path) -> list[dict[str, str]]:
    with (folder / "predictions.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def test_each_cloud_has_its_files_and_a_row(tmp_path: Path) -> None:
    offset = np.array([5e6, 0.5, -7e5])
    rows = np.array([0, 1, 3, 4, 6])
    with PredictionWriter(tmp_path / "a" / "out", "runs/x", ["leg", "seat"]) as writer:
        writer.add(prediction("one", true_parts=np.zeros(5, int), notes=("a note, with a comma", "another")))
        writer.add(
            prediction(
                "two",
                confidences={"chair": 0.5, "mug": 0.4},
                novelty=1.5,
                true_class="mug",
                rows=rows,
                left_out=2,
                offset=offset,
            )
        )
        writer.file("two", "two.png").touch()
    one, two = rows_of(tmp_path / "a" / "out")
    assert one == {
        "run": "runs/x", "file": "scans/one.ply", "cloud": "one", "class": "chair", "confidence": "",
        "second": "", "second_confidence": "", "third": "", "third_confidence": "", "novelty": "", "unlike": "",
        "true_class": "", "point_accuracy": "0.6000", "points": "5", "left_out": "0", "offset": "",
        "files": "one.ply one_labels.npy", "note": "a note, with a comma; another",
    }  # fmt: skip
    assert (two["confidence"], two["true_class"], two["point_accuracy"]) == ("0.5000", "mug", "")
    assert (two["second"], two["second_confidence"], two["third"], two["third_confidence"]) == ("mug", "0.4000", "", "")
    assert (two["novelty"], two["unlike"]) == ("1.5000", "yes")
    assert (two["left_out"], two["offset"]) == ("2", "5000000.0 0.5 -700000.0")
    assert two["files"] == "two.ply two_labels.npy two.png"
    assert np.load(tmp_path / "a" / "out" / "one_labels.npy").tolist() == [0, 1, 0, 1, 0]
    assert np.load(tmp_path / "a" / "out" / "two_labels.npy").tolist() == [0, 1, -1, 0, 1, -1, 0]
    assert b"property double x" in (tmp_path / "a" / "out" / "two.ply").read_bytes()
    assert holds_predictions(tmp_path / "a" / "out") and not holds_predictions(tmp_path)


def test_without_clouds_there_is_a_table_alone(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    for _ in range(2):
        with PredictionWriter(tmp_path, "runs/x", ["leg"], clouds=False) as writer:
            some = prediction("a", size=5, confidences={"chair": 1.0})
            assert [writer.add(some), writer.add(replace(some, size=70))] == ["a", "a-2"]
            writer.refuse("scans/b.ply", "it is empty.")
            writer.page("clouds.html").touch()
            assert len(writer) == 2
        assert {path.name for path in tmp_path.iterdir()} == {"labels.csv", "predictions.csv", "clouds.html"}
        a, again, b = rows_of(tmp_path)
        assert (a["files"], a["class"], a["points"], again["points"]) == ("clouds.html", "chair", "5", "70")
        assert (b["file"], b["class"], b["note"]) == ("scans/b.ply", "", "it is empty.")
    assert messages(caplog) == [f"replaced 2 earlier predictions of runs/x in {tmp_path}"]


def test_a_cloud_without_all_its_points_is_not_written(tmp_path: Path) -> None:
    with PredictionWriter(tmp_path, "runs/x", ["leg"]) as writer, raises(ConfigError, argument="whole_clouds"):
        writer.add(replace(prediction("a"), size=70))
    assert not rows_of(tmp_path) and not list(tmp_path.glob("*.ply"))


def test_the_list_is_writer_after_an_error_too(tmp_path: Path) -> None:
    def stopped() -> None:
        with PredictionWriter(tmp_path, "runs/x", ["leg", "seat"]) as writer:
            writer.add(prediction("one"))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stopped()
    assert [row["cloud"] for row in rows_of(tmp_path)] == ["one"]


def test_only_listed_files_of_an_earlier_call_are_removed(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    out, mine = tmp_path / "out", tmp_path / "mine.txt"
    long = "x" * 100
    mine.touch()
    with PredictionWriter(out, "runs/x", ["leg", "seat"]) as writer:
        for name in ("one", long):
            writer.add(prediction(name))
        writer.file("one", "clouds.html").touch()
        writer.file("one", "../mine.txt")
        writer.file("one", str(mine))
        writer.file("one", "gone.png")
    (out / "notes.txt").touch()
    (out / "three.ply").touch()
    assert not messages(caplog)
    with PredictionWriter(out, "runs/y", ["leg"]) as writer:
        writer.add(prediction("two"))
    assert messages(caplog) == [f"replaced 2 earlier predictions of runs/x in {out}"]
    assert {path.name for path in out.iterdir()} == {
        *("labels.csv", "predictions.csv", "notes.txt", "three.ply", "two.ply", "two_labels.npy")
    }
    assert mine.exists() and [row["run"] for row in rows_of(out)] == ["runs/y"]


def test_unlisted_predictions_are_kept(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "labels.csv").write_text("label,name,color\n")
    (tmp_path / "one.ply").touch()
    with PredictionWriter(tmp_path, "runs/x", []):
        pass
    assert messages(caplog) == [kept(tmp_path)]
    assert (tmp_path / "one.ply").exists()


def test_nothing_is_logged_after_a_call_without_clouds(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    for _ in range(2):
        with PredictionWriter(tmp_path, "runs/x", ["leg", "seat"]):
            pass
    (tmp_path / "predictions.csv").unlink()
    with PredictionWriter(tmp_path, "runs/x", ["leg", "seat"]) as writer:
        writer.add(prediction("one"))
    assert not messages(caplog)


def test_files_of_a_lost_or_damaged_table_are_kept(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    def again() -> list[str]:
        caplog.clear()
        with PredictionWriter(tmp_path, "runs/x", []) as writer:
            writer.add(prediction("one"))
            writer.add(prediction("two"))
        return messages(caplog)

    replaced = "replaced {} of runs/x in " + str(tmp_path)
    assert again() == []
    path = tmp_path / "predictions.csv"
    text = path.read_text()
    path.write_text(text[: text.rindex("two_labels")])  # truncated in its last row
    assert again() == [replaced.format("1 earlier prediction"), kept(tmp_path)]
    path.unlink()
    assert again() == [kept(tmp_path)]
    assert again() == [replaced.format("2 earlier predictions")]


@pytest.mark.parametrize("name", ["one.ply", "ONE.PLY", "one_labels.npy", "one.png"])
def test_a_file_of_another_origin_is_never_replaced(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("mine")
    for _ in range(2):
        with PredictionWriter(tmp_path, "runs/x", ["leg", "seat"]) as writer:
            assert writer.add(prediction("one")) == "one-2"
        assert (tmp_path / name).read_text() == "mine"
        (row,) = rows_of(tmp_path)
        assert (row["cloud"], row["files"]) == ("one", "one-2.ply one-2_labels.npy")
        assert {path.name for path in tmp_path.iterdir()} == {
            *("labels.csv", "predictions.csv", "one-2.ply", "one-2_labels.npy", name)
        }


def test_a_page_of_another_origin_is_rejected(tmp_path: Path) -> None:
    check_page(tmp_path / "new")
    path = tmp_path / "clouds.html"
    path.write_text("<p>mine</p>")
    with raises(ConfigError, file=path):
        check_page(tmp_path)
    write_cards(path, "Predictions", [])
    check_page(tmp_path)
    path.unlink()
    path.mkdir()
    with raises(ConfigError, file=path):
        check_page(tmp_path)


@pytest.mark.parametrize("name", ["labels.csv", "predictions.csv"])
@pytest.mark.parametrize("text", ["file,label\n1,2\n", "", "\0\xff"])
def test_a_users_own_table_is_not_overwritten(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text)
    with raises(ConfigError, file=tmp_path / name) as error:
        PredictionWriter(tmp_path, "runs/x", []).__enter__()
    assert f"{name} is not a table of predictions and would be overwritten; give another output" in str(error.value)
    assert (tmp_path / name).read_text() == text and len(list(tmp_path.iterdir())) == 1


def test_a_damaged_table_removes_nothing(tmp_path: Path) -> None:
    header = ",".join(COLUMNS["predictions.csv"])
    for rest in ("runs/x\n", "\0\xff\n" * 9, '"' + "a" * 200_000):
        (tmp_path / "predictions.csv").write_text(f"{header}\n{rest}")
        (tmp_path / "keep.ply").touch()
        with PredictionWriter(tmp_path, "runs/x", []):
            pass
        assert (tmp_path / "keep.ply").exists() and rows_of(tmp_path) == []


@pytest.mark.parametrize("stop", [OSError, KeyboardInterrupt])
def test_a_failed_write_leaves_no_partial_output(
    stop: type[BaseException], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise stop("no space left")

    with PredictionWriter(tmp_path, "runs/x", ["leg", "seat"]) as writer:
        writer.add(prediction("one"))
        monkeypatch.setattr(np, "save", fail)
        with pytest.raises(stop):
            writer.add(prediction("two"))
    assert {path.name for path in tmp_path.iterdir()} == {
        *("labels.csv", "predictions.csv", "one.ply", "one_labels.npy")
    }
    assert [row["cloud"] for row in rows_of(tmp_path)] == ["one"]


def test_no_cell_is_a_formula(tmp_path: Path) -> None:
    offset = np.array([-5e6, 0.5, -7.0])
    for _ in range(2):
        with PredictionWriter(tmp_path, "=runs", ["=leg", "seat\x1b"]) as writer:
            writer.add(prediction("-one", offset=offset, true_class="@mug", notes=("=a\tnote", "b\n")))
    (row,) = rows_of(tmp_path)
    assert (row["run"], row["cloud"], row["true_class"]) == ("'=runs", "'-one", "'@mug")
    assert row["offset"] == "-5000000.0 0.5 -7.0" and row["note"] == r"'=a\tnote; b\n"
    assert row["files"] == "'-one.ply -one_labels.npy" and row["file"] == "scans/-one.ply"
    assert "0,'=leg," in (tmp_path / "labels.csv").read_text() and r"seat\x1b" in (tmp_path / "labels.csv").read_text()
    assert {path.name for path in tmp_path.iterdir()} == {
        *("labels.csv", "predictions.csv", "-one.ply", "-one_labels.npy")
    }
