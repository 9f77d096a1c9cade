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
    assert capsys.readouterr().err == "error: 1 file could not be used, and the others were predicted.\n"


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
