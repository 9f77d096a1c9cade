"""The command line of predictions."""

from pathlib import Path

import numpy as np
import pytest

from conclu_pyg.cli.main import main


def test_files_are_predicted_into_the_runs_folder_or_another(
    tiny_task_runs: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = str(tiny_task_runs["part_segmentation"])
    np.save(tmp_path / "scan.npy", np.random.default_rng(0).normal(size=(80, 3)))
    out = tmp_path / "out"
    assert main(["predict", run, str(tmp_path / "scan.npy"), "--category", "Table", "--out", str(out)]) == 0
    assert (out / "scan.ply").exists() and "table: " in capsys.readouterr().out


def test_a_file_that_cannot_be_used_shows_in_the_exit_status(
    tiny_task_runs: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = str(tiny_task_runs["classification"])
    np.save(tmp_path / "scan.npy", np.random.default_rng(0).normal(size=(80, 3)))
    (tmp_path / "empty.txt").touch()
    assert main(["predict", run, str(tmp_path), "--out", str(tmp_path / "out")]) == 2
    assert capsys.readouterr().err == "error: 1 file could not be used; the warnings above say why.\n"


def test_labels_that_cannot_be_used_keep_no_cloud_from_being_predicted(
    tiny_task_runs: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    scans, truth, out = tmp_path / "scans", tmp_path / "truth", tmp_path / "out"
    for folder in (scans / "a", scans / "b", truth):
        folder.mkdir(parents=True)
    for name in ("a/chair_1", "b/chair_1", "chair_2", "chair_3", "chair_4", "chair_5"):
        np.save(scans / f"{name}.npy", np.random.default_rng(0).normal(size=(80, 3)))
    np.save(truth / "chair_1.npy", np.zeros(80))
    np.save(truth / "chair_2.npy", np.zeros(0))
    np.save(truth / "chair_3.npy", np.array(["seat"] * 80))
    (truth / "chair_4.txt").touch()
    (truth / "chair_5.txt").write_text("0 0 0 0\n" * 80)
    run = str(tiny_task_runs["part_segmentation"])
    assert main(["predict", run, str(scans), "--truth", str(truth), "--out", str(out)]) == 2
    said = capsys.readouterr()
    assert said.err == "error: 6 files had no truth that could be used; the warnings above say why.\n"
    assert said.out.count("warning: ") == 5 and len(list(out.glob("*.ply"))) == 6


def test_a_users_folder_is_not_written_into(
    tiny_task_runs: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    np.save(tmp_path / "chair_1.npy", np.random.default_rng(0).normal(size=(80, 3)))
    run = str(tiny_task_runs["part_segmentation"])
    assert main(["predict", run, str(tmp_path), "--out", str(tmp_path)]) == 2
    assert "would write among what is read" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["chair_1.npy"]


def test_no_points_at_a_time_are_refused(
    tiny_task_runs: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = str(tiny_task_runs["classification"])
    assert main(["predict", run, "--test", "1", "--points", "0", "--out", str(tmp_path)]) == 2
    assert "--points must be at least 1, found 0." in capsys.readouterr().err


def test_nothing_to_predict_and_a_missing_run_are_said(
    tiny_task_runs: dict[str, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["predict", str(tiny_task_runs["classification"])]) == 2
    assert "nothing to predict: name files or folders of clouds" in capsys.readouterr().err
    assert main(["predict", "nowhere", "x.ply"]) == 2
    assert "there is no checkpoint or run folder nowhere" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--test", "-1"], "--test must be at least 1, or left out for no cloud of the test split; found -1."),
        (["--test", "1", "--points", "-4"], "--points must be at least 1, found -4."),
        (["scan.npy", "--category", "chiar"], "did you mean 'chair'?"),
        (["scan.npy", "--category", ""], "--category '' is none of "),
        (["scan.npy"], "scan.npy: its category is not known, and the parts depend on it; give --category, one of "),
        (["--test", "1", "--truth", "scan.npy"], "--truth scan.npy is for files, and none is named; leave it out"),
        (["--test", "1", "--category", "chair"], "--category chair is for files, and none is named; leave it out"),
        (["scan.npy", "--category", "chair", "--out", "mine.txt"], "--out mine.txt cannot be a folder, for "),
        (["scan.npy", "--category", "chair", "--renderer", "open3d"], "draws pictures, and none are wanted; add --png"),
        (["scan.npi"], "there is no file or folder scan.npi; did you mean 'scan.npy'?"),
        (["scan.npy", "model.x=3"], "found 'model.x=3'."),
        (
            ["scan.npy", "--category", "chair", "dataset.num_test_shapes=20", "dataset.transform=[]"],
            "dataset.num_test_shapes would change nothing, for no data set is opened to predict files; leave it out",
        ),
    ],
)
def test_options_are_checked_before_anything_is_predicted_or_written(
    words: list[str],
    message: str,
    tiny_task_runs: dict[str, Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    np.save("scan.npy", np.random.default_rng(0).normal(size=(80, 3)))
    Path("mine.txt").touch()
    out = [] if "--out" in words else ["--out", "out"]
    assert main(["predict", str(tiny_task_runs["part_segmentation"]), *words, *out]) == 2
    said = capsys.readouterr()
    assert message in said.err and said.err.count("\n") == 1 and said.out == ""
    assert {path.name for path in tmp_path.iterdir()} == {"scan.npy", "mine.txt"}


def test_a_forgotten_run_and_a_swapped_one_are_said(
    tiny_task_runs: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = str(tiny_task_runs["classification"])
    np.save(tmp_path / "scan.npy", np.random.default_rng(0).normal(size=(80, 3)))
    assert main(["predict", str(tmp_path / "scan.npy")]) == 2
    assert "the run comes first, and " in capsys.readouterr().err
    assert main(["predict", str(tmp_path), run]) == 2
    assert f"the run comes first, and then the clouds: name {run} before {tmp_path}." in capsys.readouterr().err


def test_the_test_split_may_lie_elsewhere(
    tiny_task_runs: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = str(tiny_task_runs["classification"])
    assert main(["predict", run, "dataset.num_test_shapes=20", "--test", "99", "--out", str(tmp_path)]) == 0
    assert "of 20 clouds right" in capsys.readouterr().out


@pytest.mark.parametrize("task", ["classification", "part_segmentation"])
def test_a_test_split_of_other_labels_is_refused_and_earlier_predictions_stay(
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
        (tmp_path / "scans" / split / "flat").mkdir(parents=True)
        np.save(tmp_path / "scans" / split / "flat" / "0.npy", np.random.default_rng(0).normal(size=(70, 3)))
    example = Path(__file__).parents[2] / "docs" / "examples" / "my_dataset.py"
    other = [f"imports=[{example}]", "dataset.name=NpyFolders", f"dataset.dataset_path={tmp_path / 'scans'}"]
    assert main(["predict", run, *other, "--test", "1", "--out", str(out)]) == 2
    assert "has other labels (1 class)" in capsys.readouterr().err
    assert {path: path.read_bytes() for path in out.iterdir()} == before
