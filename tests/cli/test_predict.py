"""The command ``conclu predict``."""

import csv
import json
import os
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from conclu_pyg.cli.main import main
from conclu_pyg.errors import ConcluError
from conclu_pyg.inference import output_folder, viewer
from conclu_pyg.vis.colors import hex_of


def save_clouds(path: Path, *size: int) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    np.save(path, np.random.default_rng(0).normal(size=(*(size or (80,)), 3)))
    return path


def table(out: Path) -> list[dict[str, str]]:
    with (out / "predictions.csv").open(newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture
def segmenter(tiny_task_runs: dict[str, Path]) -> str:
    return str(tiny_task_runs["part_segmentation"])


@pytest.fixture
def classifier(tiny_task_runs: dict[str, Path]) -> str:
    return str(tiny_task_runs["classification"])


def test_each_cloud_is_written_and_printed(segmenter: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    scan, out = save_clouds(tmp_path / "chair" / "good.npy", 200), tmp_path / "out"
    (tmp_path / "chair" / "a.mat").touch()
    assert main(["predict", segmenter, str(scan.parent), "--out", str(out)]) == 0
    assert {path.name for path in out.iterdir()} == {*("labels.csv", "predictions.csv", "good.ply", "good_labels.npy")}
    with (out / "labels.csv").open() as file:
        labels = list(csv.DictReader(file))
    assert labels[3]["color"] == hex_of(3) and np.load(out / "good_labels.npy").shape == (200,)
    printed = capsys.readouterr().out
    assert f"{scan}: chair: predicted " in printed and f"skipped in {scan.parent}: 1 .mat" in printed
    assert f"  note: category chair from the name of folder {scan.parent}" in printed
    assert (
        printed.count("up axis of the clouds: z") == 1 and f"predictions: {out}/predictions.csv (1 cloud; " in printed
    )


def test_predictions_are_written_into_the_run_by_default(segmenter: str, tmp_path: Path) -> None:
    run = shutil.copytree(segmenter, tmp_path / "run")
    scan = save_clouds(tmp_path / "scan.npy")
    assert main(["predict", str(run), str(scan), "--category", "Table"]) == 0
    assert [row["class"] for row in table(run / "predictions")] == ["table"]


def test_names_are_printed_as_they_are(segmenter: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    scan = save_clouds(tmp_path / "chair" / "stool (2), größer.npy")
    assert main(["predict", segmenter, str(scan), "--out", str(tmp_path / "out"), "--json"]) == 0
    (row,) = json.loads(capsys.readouterr().out)["predictions"]
    assert (row["cloud"], row["files"][0]) == ("stool (2), größer", "stool__2___größer.ply")
    assert [row["cloud"] for row in table(tmp_path / "out")] == ["stool (2), größer"]


def test_clouds_of_the_same_name_are_written_apart(segmenter: str, tmp_path: Path) -> None:
    for folder in ("chair", "table"):
        save_clouds(tmp_path / folder / "one.npy")
    out = tmp_path / "out"
    main(["predict", segmenter, str(tmp_path / "chair"), str(tmp_path / "table"), "--out", str(out)])
    assert {path.name for path in out.glob("*.npy")} == {"one_labels.npy", "one-2_labels.npy"}


def test_files_in_the_output_folder_stay_as_they_are(
    segmenter: str, classifier: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    scan, out = save_clouds(tmp_path / "chair" / "one.npy"), tmp_path / "others"
    out.mkdir()
    mine = [out / name for name in ("one.ply", "one_labels.npy", "one.png", "clouds.html")]
    for path in mine:
        path.write_text("mine")
    for run in (segmenter, classifier):
        arguments = ["predict", run, str(scan), "--out", str(out)]
        assert main([*arguments, "--clouds", "--png", "--renderer", "matplotlib"]) == 0
        assert [row["files"] for row in table(out)] == ["one-2.ply one-2_labels.npy one-2.png"]
        capsys.readouterr()
        assert main([*arguments, "--html"]) == 2
        assert f"{out / 'clouds.html'} is no page of conclu and would be overwritten" in capsys.readouterr().err
        assert [path.read_text() for path in mine] == ["mine"] * 4


def test_the_exit_status_is_2_if_a_file_cannot_be_used(
    classifier: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    save_clouds(tmp_path / "scan.npy")
    (tmp_path / "empty.txt").touch()
    assert main(["predict", classifier, str(tmp_path), "--out", str(tmp_path / "out")]) == 2
    assert capsys.readouterr().err == "error: 1 file could not be used; see the warnings above.\n"
    used, refused = table(tmp_path / "out")
    assert used["class"] and not refused["class"] and refused["file"] == str(tmp_path / "empty.txt")
    assert "it is an empty file" in refused["note"]


def test_unusable_label_files_do_not_stop_the_predictions(
    segmenter: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    scans, truth, out = tmp_path / "scans", tmp_path / "truth", tmp_path / "out"
    for name in ("a/chair_1", "b/chair_1", "chair_2", "chair_3", "chair_4", "chair_5"):
        save_clouds(scans / f"{name}.npy")
    truth.mkdir()
    np.save(truth / "chair_1.npy", np.zeros(80))
    np.save(truth / "chair_2.npy", np.zeros(0))
    np.save(truth / "chair_3.npy", np.array(["seat"] * 80))
    (truth / "chair_4.txt").touch()
    (truth / "chair_5.txt").write_text("0 0 0 0\n" * 80)
    assert main(["predict", segmenter, str(scans), "--truth", str(truth), "--out", str(out)]) == 2
    assert capsys.readouterr().err == "error: 6 files had no usable ground truth; see the warnings above.\n"
    warnings = [record for record in caplog.records if record.levelname == "WARNING"]
    assert len(warnings) == 5 and len(list(out.glob("*.ply"))) == 6
    assert all("The prediction is shown without ground truth." in row["note"] for row in table(out))


def test_labels_match_the_file_and_points_lie_at_their_original_place(segmenter: str, tmp_path: Path) -> None:
    points = np.random.default_rng(0).normal(size=(100, 3)) + np.array([4e6, -5e5, 0])
    points[[7, 99]] = np.nan
    np.save(tmp_path / "chair.npy", points)
    out = tmp_path / "out"
    assert main(["predict", segmenter, str(tmp_path / "chair.npy"), "--out", str(out)]) == 0
    labels = np.load(out / "chair_labels.npy")
    assert len(labels) == 100 and np.flatnonzero(labels == -1).tolist() == [7, 99]
    body = (out / "chair.ply").read_bytes().partition(b"end_header\n")[2]
    vertices = np.frombuffer(body, [("pos", "<f8", 3), ("color", "u1", 3), ("label", "<i4")])
    used = np.delete(np.arange(100), [7, 99])
    assert np.abs(vertices["pos"] - points[used]).max() < 1e-5
    assert np.array_equal(vertices["label"], labels[used])
    (row,) = table(out)
    assert row["points"] == "98" and row["left_out"] == "2" and "2 of 100" in row["note"]
    assert np.allclose([float(x) for x in row["offset"].split()], [4e6, -5e5, 0], atol=5)


def test_test_clouds_are_compared_with_their_parts(
    segmenter: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    drawing = ["--png", "--html", "--renderer", "matplotlib"]
    assert main(["predict", segmenter, "--test", "3", *drawing, "--out", str(tmp_path)]) == 0
    printed = capsys.readouterr().out
    assert printed.count("% of the points correct; ") == 3
    assert "% of the points correct, mean over 3 clouds" in printed
    page = (tmp_path / "clouds.html").read_text()
    assert ", z up</h1>" in page and "truth" in page and "error" in page
    files = [row["files"].split() for row in table(tmp_path)]
    assert all([name[-4:] for name in row] == [".ply", ".npy", ".png", "html"] for row in files)
    assert all((tmp_path / name).exists() for row in files for name in row)
    assert main(["predict", segmenter, "--test", "1", "--out", str(tmp_path)]) == 0
    assert not list(tmp_path.glob("*.png")) and not (tmp_path / "clouds.html").exists()


def test_test_clouds_are_compared_with_their_class(
    classifier: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["predict", classifier, "--test", "6", "--votes", "3", "--out", str(tmp_path)]) == 0
    printed, rows = capsys.readouterr().out, table(tmp_path)
    correct = sum(row["class"] == row["true_class"] for row in rows)
    assert printed.count(", correct; ") == correct and printed.count(", wrong; ") == 6 - correct
    assert f"{correct} of 6 clouds correct ({100 * correct / 6:.1f} %)" in printed
    assert {row["file"] for row in rows} == {"test split"}


@pytest.fixture
def folders(tmp_path: Path) -> Path:
    """Files in folders of classes and in another one, and two that cannot be used."""
    for index in range(12):
        save_clouds(tmp_path / "scans" / ("chair", "mug", "more")[index % 3] / f"{index}.npy")
    (tmp_path / "scans" / "empty.npy").touch()
    (tmp_path / "scans" / "mug" / "words.ply").write_text("words")
    return tmp_path / "scans"


def test_a_classifier_gives_one_table_and_a_few_lines(
    classifier: str, folders: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    assert main(["predict", classifier, str(folders), "--out", str(out)]) == 2
    assert {path.name for path in out.iterdir()} == {"labels.csv", "predictions.csv"}
    rows, printed = table(out), capsys.readouterr().out
    used, refused = rows[:12], rows[12:]
    assert [row["file"] for row in refused] == [str(folders / "empty.npy"), str(folders / "mug" / "words.ply")]
    for row in used:
        confidences = [float(row[key]) for key in ("confidence", "second_confidence", "third_confidence")]
        assert (
            confidences == sorted(confidences, reverse=True) and len({row["class"], row["second"], row["third"]}) == 3
        )
        assert row["unlike"] == ("yes" if float(row["novelty"]) > 1 else "no")
    assert [row["true_class"] for row in sorted(used, key=lambda row: int(row["cloud"]))] == ["chair", "mug", ""] * 4
    correct = sum(row["class"] == row["true_class"] for row in used)
    assert f"{correct} of 8 clouds correct ({100 * correct / 8:.1f} %); 4 other clouds in folders of no" in printed
    counts = {name: [row["class"] for row in used].count(name) for name in {row["class"] for row in used}}
    assert all(f"{name} {count}" in printed for name, count in counts.items()) and "12 clouds: " in printed
    unlike = sum(row["unlike"] == "yes" for row in used)
    mean = sum(float(row["confidence"]) for row in used) / 12
    least = min(used, key=lambda row: float(row["confidence"]))
    assert f"{unlike} of 12 clouds unlike the training data" in printed
    assert f"mean confidence {mean:.0%}; least certain: {least['file']} (" in printed
    assert "2 files without predictions" in printed and printed.count("\n") < 12


def test_json_has_the_summary_and_the_rows(
    classifier: str, folders: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    assert main(["predict", classifier, str(folders), "--out", str(out), "--json", "--html"]) == 2
    document = json.loads(capsys.readouterr().out)
    summary = document["summary"]
    assert (summary["clouds"], summary["refused_files"], summary["clouds_with_truth"]) == (12, 2, 8)
    assert sum(summary["classes"].values()) == 12 and document["training_data"] == "ParametricShapes"
    assert [row["class"] or "" for row in document["predictions"][:12]] == [row["class"] for row in table(out)[:12]]
    for row, cells in zip(document["predictions"][:12], table(out), strict=False):
        for name in ("confidence", "second_confidence", "novelty"):
            assert isinstance(row[name], float) and f"{row[name]:.4f}" == cells[name]
        assert row["unlike"] is (row["novelty"] > 1) and row["point_accuracy"] is None
        assert isinstance(row["files"], list)
    page = (out / "clouds.html").read_text()
    assert all(f">{name}: " in page for name in summary["classes"])
    assert table(out)[0]["files"] == "clouds.html"


def test_clouds_of_a_classifier_are_written_on_request(classifier: str, folders: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert main(["predict", classifier, str(folders / "chair"), "--clouds", "--out", str(out)]) == 0
    assert len(list(out.glob("*.ply"))) == len(list(out.glob("*_labels.npy"))) == 4
    assert all(len(np.load(path)) == 80 for path in out.glob("*_labels.npy"))
    assert main(["predict", classifier, str(folders / "chair"), "--out", str(out)]) == 0
    assert not list(out.glob("*.ply")) and not list(out.glob("*.npy"))


def test_parts_can_be_counted_without_files_of_clouds(segmenter: str, tmp_path: Path) -> None:
    save_clouds(tmp_path / "chair.npy")
    assert main(["predict", segmenter, str(tmp_path / "chair.npy"), "--no-clouds", "--out", str(tmp_path / "out")]) == 0
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"labels.csv", "predictions.csv"}


def test_missing_training_data_are_reported_and_the_classes_predicted(
    classifier: str,
    folders: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def missing(*_: Any, **__: Any) -> None:
        raise ConcluError("there is no data folder.")

    monkeypatch.setattr("conclu_pyg.inference.training_features.load_training_data", missing)
    assert main(["predict", classifier, str(folders / "chair"), "--out", str(tmp_path / "out")]) == 0
    assert "not compared with the training data: there is no data folder." in capsys.readouterr().out
    assert all(row["class"] and not row["unlike"] and not row["novelty"] for row in table(tmp_path / "out"))


def test_other_numbers_of_points_are_not_compared_with_the_training(
    classifier: str, folders: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["predict", classifier, str(folders), "--points", "30", "--out", str(tmp_path / "out")])
    assert "not compared with the training data: --points 30 is not the 64" in capsys.readouterr().out
    assert all(not row["novelty"] for row in table(tmp_path / "out"))


def test_a_prediction_that_cannot_be_written_does_not_stop_the_others(
    segmenter: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save_clouds(tmp_path / "chair.npy", 3, 50)
    write_ply = output_folder.write_ply

    def fail_once(path: Path, *arguments: Any) -> None:
        if path.name == "chair_0001.ply":
            raise OSError("no space left")
        write_ply(path, *arguments)

    monkeypatch.setattr(output_folder, "write_ply", fail_once)
    assert main(["predict", segmenter, str(tmp_path / "chair.npy"), "--out", str(tmp_path / "out")]) == 2
    assert [row["cloud"] for row in table(tmp_path / "out")] == ["chair_0000", "chair_0002", ""]  # the last is refused
    assert {p.name for p in (tmp_path / "out").glob("*.npy")} == {"chair_0000_labels.npy", "chair_0002_labels.npy"}


def test_each_cloud_is_drawn_when_it_is_written(
    segmenter: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[Path] = []
    drawn: list[int] = []
    monkeypatch.setattr(output_folder, "write_ply", lambda path, *_: written.append(path))
    monkeypatch.setattr(viewer, "check_open3d", lambda *_: None)
    monkeypatch.setattr(viewer, "render_picture", lambda *_, **__: drawn.append(len(written)))
    assert main(["predict", segmenter, "--test", "4", "--png", "--out", str(tmp_path)]) == 0
    assert drawn == [1, 2, 3, 4]


def test_a_drawing_error_is_raised_after_all_predictions(
    segmenter: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise ConcluError("no way to draw.")

    monkeypatch.setattr(viewer, "check_open3d", lambda *_: None)
    monkeypatch.setattr(viewer, "render_picture", fail)
    assert main(["predict", segmenter, "--test", "3", "--png", "--html", "--out", str(tmp_path)]) == 2
    assert capsys.readouterr().err == "error: no way to draw.\n"
    assert len(table(tmp_path)) == 3 and (tmp_path / "clouds.html").exists()


@pytest.mark.parametrize("out", ["scans", "scans/chair", ".", "other", "truth"])
def test_inputs_are_never_overwritten(
    segmenter: str, tmp_path: Path, out: str, capsys: pytest.CaptureFixture[str]
) -> None:
    scan = save_clouds(tmp_path / "scans" / "chair" / "good.npy")
    (tmp_path / "scans" / "chair" / "labels.csv").write_text("mine")
    for folder in ("other", "truth"):
        (tmp_path / folder).mkdir()
    (tmp_path / "other" / "link.npy").symlink_to(scan)
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    names = [str(tmp_path / "scans"), str(tmp_path / "other" / "link.npy"), "--truth", str(tmp_path / "truth")]
    assert main(["predict", segmenter, *names, "--category", "chair", "--out", str(tmp_path / out)]) == 2
    assert "contains the input" in capsys.readouterr().err
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before


@pytest.mark.parametrize("option", ["--points", "--votes", "--test"])
@pytest.mark.parametrize("value", ["0", "-1", "few"])
def test_counts_below_1_are_refused(
    classifier: str, tmp_path: Path, option: str, value: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        main(["predict", classifier, f"{option}={value}", "--out", str(tmp_path)])
    assert f"argument {option}: must be a whole number >= 1, got {value}" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["scan.npy", "--category", "chiar"], "did you mean 'chair'?"),
        (["scan.npy", "--category", ""], "category must be one of "),
        (["scan.npy"], "scan.npy: the category is not known, but the parts depend on it; give the category, one of "),
        (["--test", "1", "--truth", "scan.npy"], "ground truth scan.npy needs input files, got none"),
        (["--test", "1", "--category", "chair"], "category chair needs input files, got none"),
        (["scan.npy", "--category", "chair", "--out", "mine.txt"], "the output mine.txt must be a folder"),
        (["scan.npy", "--category", "chair", "--renderer", "open3d"], "--renderer open3d needs --png or --show"),
        (["scan.npy", "--category", "chair", "--html", "--renderer", "open3d"], "--renderer open3d needs --png or"),
        (["scan.npy", "--category", "chair", "--png", "--window", "plain"], "--window plain needs --show"),
        (["scan.npi"], "there is no file or folder scan.npi; did you mean 'scan.npy'?"),
        (["scan.npy", "model.x=3"], "model.x=3"),
        (
            ["scan.npy", "--category", "chair", "dataset.num_test_shapes=20", "dataset.transform=[]"],
            "dataset.num_test_shapes has no effect",
        ),
        (["scan.npy", "--category", "chair", "--workers", "2"], "--workers 2 has no effect"),
    ],
)
def test_options_are_checked_before_anything_is_predicted_or_written(
    words: list[str],
    message: str,
    segmenter: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    save_clouds(Path("scan.npy"))
    Path("mine.txt").touch()
    out = [] if "--out" in words else ["--out", "out"]
    assert main(["predict", segmenter, *words, *out]) == 2
    printed = capsys.readouterr()
    assert message in printed.err and printed.err.count("\n") == 1 and printed.out == ""
    assert {path.name for path in tmp_path.iterdir()} == {"scan.npy", "mine.txt"}


def test_a_missing_run_and_a_run_at_the_wrong_place_are_named(
    classifier: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    scan = str(save_clouds(tmp_path / "scan.npy"))
    for words, message in (
        ([classifier], "nothing to predict; give files or folders of clouds"),
        (["nowhere", "x.ply"], "nowhere"),
        ([scan], "the run must come first"),
        ([str(tmp_path), classifier], f"the run must come before the clouds; put {classifier} before {tmp_path}."),
    ):
        assert main(["predict", *words]) == 2
        assert message in capsys.readouterr().err


def test_the_test_split_can_be_another_one(classifier: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["predict", classifier, "dataset.num_test_shapes=20", "--test", "99", "--out", str(tmp_path)]) == 0
    assert "of 20 clouds correct" in capsys.readouterr().out


@pytest.mark.parametrize("task", ["classification", "part_segmentation"])
def test_a_test_split_with_other_labels_is_refused_and_earlier_predictions_stay(
    task: str,
    tiny_task_runs: dict[str, Path],
    tmp_path: Path,
    forget_registered: None,
    capsys: pytest.CaptureFixture[str],
) -> None:
    run, out = str(tiny_task_runs[task]), tmp_path / "out"
    assert main(["predict", run, "--test", "1", "--out", str(out)]) == 0
    before = {path: path.read_bytes() for path in out.iterdir()}
    for split in ("train", "test"):
        save_clouds(tmp_path / "scans" / split / "flat" / "0.npy", 70)
    example = Path(__file__).parents[2] / "docs" / "examples" / "my_dataset.py"
    other = [f"imports=[{example}]", "dataset.name=NpyFolders", f"dataset.dataset_path={tmp_path / 'scans'}"]
    assert main(["predict", run, *other, "--test", "1", "--out", str(out)]) == 2
    assert "has other labels (1 class)" in capsys.readouterr().err
    assert {path: path.read_bytes() for path in out.iterdir()} == before


@pytest.mark.parametrize(("option", "package"), [("--html", "plotly"), ("--png", "matplotlib")])
def test_a_drawing_without_its_package_is_refused_before_the_work(
    option: str,
    package: str,
    segmenter: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr("conclu_pyg.cli.predict.is_installed", lambda name: name != package)
    assert main(["predict", segmenter, option, "--test", "1", "--out", str(tmp_path / "out")]) == 2
    assert f"error: {package} is not installed; run" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_names_in_any_bytes_are_printed_escaped(
    segmenter: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    folder, out = tmp_path / "chair", tmp_path / "out"
    names = [b"caf\xe9", b"a\x1b[2Jb", b"c\nerror: d", b"=1+1", b"-x\xc2\x9b"]
    for name in names:
        save_clouds(folder / os.fsdecode(name + b".npy"), 100)
    for name in (b"bad\x1b[31m\xff.npy", b"bad\n.npy", b"odd\x07.csv"):
        (folder / os.fsdecode(name)).write_bytes(b"x,\x1b[31my\nA,\x1b[2JB\n")
    for _ in range(2):
        assert main(["predict", segmenter, str(folder), "--out", str(out)]) == 2
        printed = "".join(capfd.readouterr())
        assert all(line.isprintable() for line in printed.split("\n")) and "\nerror: d" not in printed
        for name in (r"caf\xe9.npy", r"a\x1b[2Jb.npy", r"c\nerror: d.npy", r"bad\x1b[31m\xff.npy", r"odd\x07.csv"):
            assert name in printed
        rows = table(out)
        cells = [cell for row in rows for cell in row.values()]
        assert len(rows) == 8 and all(cell.isprintable() and cell[:1] not in tuple("=+-@") for cell in cells)
        assert sum(path.suffix == ".ply" for path in out.iterdir()) == 5  # those of the first call were removed
