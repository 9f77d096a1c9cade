"""The folder of predictions: its lists, its names, and what an earlier call left in it."""

import csv
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from conclu_pyg.errors import ConfigError
from conclu_pyg.inference.prediction import Prediction
from conclu_pyg.inference.written import Written, file_name, holds_predictions

pytestmark = pytest.mark.usefixtures("terminal")


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("chair/chair_0001", "chair_chair_0001"), ("../../etc", ".._.._etc"), ("..", "cloud"), ("", "cloud"),
        ("a b\n\0c\\d:e", "a_b__c_d_e"), ("Stühle-1.2", "Stühle-1.2"), ("x" * 300, "x" * 100), ("ü" * 300, "ü" * 50),
        ("\udcff", "_"), ("/", "_"),
    ],
)  # fmt: skip
def test_names_from_data_become_names_of_files(name: str, safe: str) -> None:
    assert file_name(name) == safe


def prediction(name: str, size: int = 5, **changes: Any) -> Prediction:
    rng = np.random.default_rng(0)
    labels = np.arange(size) % 2
    return Prediction(name, f"scans/{name}.ply", rng.normal(size=(size, 3)), labels, "chair", "leg 100 %", **changes)


def rows_of(folder: Path) -> list[dict[str, str]]:
    with (folder / "predictions.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def test_each_cloud_has_its_files_and_a_row(tmp_path: Path) -> None:
    offset = np.array([5e6, 0.5, -7e5])
    rows = np.array([0, 1, 3, 4, 6])
    with Written(tmp_path / "a" / "out", "runs/x", ["leg", "seat"]) as written:
        written.add(prediction("one", truth=np.zeros(5, int), notes=("a note, with a comma", "another")))
        written.add(prediction("two", probability=0.5, true_class="mug", rows=rows, left_out=2, offset=offset))
        written.file("two", "two.png").touch()
    one, two = rows_of(tmp_path / "a" / "out")
    assert one == {
        "run": "runs/x", "file": "scans/one.ply", "cloud": "one", "class": "chair", "probability": "",
        "true_class": "", "points_right": "0.6000", "points": "5", "left_out": "0", "moved_by": "",
        "files": "one.ply one_labels.npy", "note": "a note, with a comma; another",
    }  # fmt: skip
    assert (two["probability"], two["true_class"], two["points_right"]) == ("0.5000", "mug", "")
    assert (two["left_out"], two["moved_by"]) == ("2", "5000000.0 0.5 -700000.0")
    assert two["files"] == "two.ply two_labels.npy two.png"
    assert np.load(tmp_path / "a" / "out" / "one_labels.npy").tolist() == [0, 1, 0, 1, 0]
    assert np.load(tmp_path / "a" / "out" / "two_labels.npy").tolist() == [0, 1, -1, 0, 1, -1, 0]
    assert b"property double x" in (tmp_path / "a" / "out" / "two.ply").read_bytes()
    assert holds_predictions(tmp_path / "a" / "out") and not holds_predictions(tmp_path)


def test_the_list_is_written_after_an_error_too(tmp_path: Path) -> None:
    def stopped() -> None:
        with Written(tmp_path, "runs/x", ["leg", "seat"]) as written:
            written.add(prediction("one"))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stopped()
    assert [row["cloud"] for row in rows_of(tmp_path)] == ["one"]


def test_what_an_earlier_call_lists_is_replaced_and_nothing_else(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, mine = tmp_path / "out", tmp_path / "mine.txt"
    long = "x" * 100
    mine.touch()
    with Written(out, "runs/x", ["leg", "seat"]) as written:
        for name in ("one", long):
            written.add(prediction(name))
        written.file("one", "clouds.html").touch()
        written.file("one", "../mine.txt")
        written.file("one", str(mine))
        written.file("one", "gone.png")
    (out / "notes.txt").touch()
    (out / "three.ply").touch()
    assert capsys.readouterr().out == ""
    with Written(out, "runs/y", ["leg"]) as written:
        written.add(prediction("two"))
    said = " ".join(capsys.readouterr().out.split())
    assert said == f"replaces 2 earlier predictions of runs/x in {out}"
    assert {path.name for path in out.iterdir()} == {
        *("labels.csv", "predictions.csv", "notes.txt", "three.ply", "two.ply", "two_labels.npy")
    }
    assert mine.exists() and [row["run"] for row in rows_of(out)] == ["runs/y"]


def test_predictions_without_a_list_stay(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "labels.csv").write_text("label,name,color\r\n")
    (tmp_path / "one.ply").touch()
    with Written(tmp_path, "runs/x", []):
        pass
    assert "has earlier predictions of which there is no list" in capsys.readouterr().out
    assert (tmp_path / "one.ply").exists()


def test_after_a_call_without_clouds_nothing_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for _ in range(2):
        with Written(tmp_path, "runs/x", ["leg", "seat"]):
            pass
    (tmp_path / "predictions.csv").unlink()
    with Written(tmp_path, "runs/x", ["leg", "seat"]) as written:
        written.add(prediction("one"))
    assert capsys.readouterr().out == ""


def test_what_a_lost_or_damaged_list_named_is_said_to_stay(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def again() -> str:
        with Written(tmp_path, "runs/x", []) as written:
            written.add(prediction("one"))
            written.add(prediction("two"))
        return " ".join(capsys.readouterr().out.split())

    stay = f"{tmp_path} has earlier predictions of which there is no list: they stay beside the new ones"
    assert again() == ""
    path = tmp_path / "predictions.csv"
    text = path.read_text()
    path.write_text(text[: text.rindex("two_labels")])  # cut in its last row
    assert again() == f"replaces 1 earlier prediction of runs/x in {tmp_path} {stay}"
    path.unlink()
    assert again() == stay
    assert again() == f"replaces 2 earlier predictions of runs/x in {tmp_path}"


@pytest.mark.parametrize("name", ["labels.csv", "predictions.csv"])
@pytest.mark.parametrize("text", ["file,label\n1,2\n", "", "\0\xff"])
def test_a_users_own_list_is_not_replaced(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(
        ConfigError, match=rf"{name} is no list of predictions and would be replaced; name another --out"
    ):
        Written(tmp_path, "runs/x", []).__enter__()
    assert (tmp_path / name).read_text() == text and len(list(tmp_path.iterdir())) == 1


def test_a_damaged_list_names_nothing(tmp_path: Path) -> None:
    header = "run,file,cloud,class,probability,true_class,points_right,points,left_out,moved_by,files,note"
    for rest in ("runs/x\n", "\0\xff\n" * 9, '"' + "a" * 200_000):
        (tmp_path / "predictions.csv").write_text(f"{header}\n{rest}")
        (tmp_path / "keep.ply").touch()
        with Written(tmp_path, "runs/x", []):
            pass
        assert (tmp_path / "keep.ply").exists() and rows_of(tmp_path) == []


def test_clouds_of_one_name_are_kept_apart(tmp_path: Path) -> None:
    with Written(tmp_path, "runs/x", []) as written:
        assert [written.unused(name) for name in ("a", "A", "a", "b/c")] == ["a", "A-2", "a-3", "b_c"]


def test_numbers_of_a_name_are_not_counted_anew(tmp_path: Path) -> None:
    class Counted(set[str]):
        looks = 0

        def __contains__(self, name: object) -> bool:
            self.looks += 1
            return super().__contains__(name)

    written = Written(tmp_path, "runs/x", [])
    taken = written._taken = Counted(("a-3",))
    assert [written.unused(name) for name in ("a", "A", "a", "a-2", *["a"] * 46)][-1] == "a-50"
    assert taken.looks < 3 * 50


@pytest.mark.parametrize("stop", [OSError, KeyboardInterrupt])
def test_of_an_answer_that_cannot_be_written_nothing_stays(
    stop: type[BaseException], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise stop("no space left")

    with Written(tmp_path, "runs/x", ["leg", "seat"]) as written:
        written.add(prediction("one"))
        monkeypatch.setattr(np, "save", fail)
        with pytest.raises(stop):
            written.add(prediction("two"))
    assert {path.name for path in tmp_path.iterdir()} == {
        *("labels.csv", "predictions.csv", "one.ply", "one_labels.npy")
    }
    assert [row["cloud"] for row in rows_of(tmp_path)] == ["one"]
