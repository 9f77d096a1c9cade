"""The check of the evidence for duplicates on altered copies."""

from pathlib import Path

import numpy as np
import pytest
from duplicates import altered_points
from duplicates.altered_points import read_halves
from duplicates.cli import main
from duplicates.copies import COPIES, EXPECTED, NEAR_MISSES, make_model, sample


def test_every_copy_is_judged_once() -> None:
    assert sorted([*EXPECTED, *NEAR_MISSES]) == sorted(COPIES)


def test_altered_copies_differ_from_the_model_by_what_their_name_says() -> None:
    model, rng = make_model(7, 0), np.random.default_rng(0)
    size = np.linalg.norm(np.ptp(sample(model, 4096, rng), axis=0))
    rescaled = np.linalg.norm(np.ptp(COPIES["rescaled"](model, 4096, rng), axis=0))
    assert abs(np.log(rescaled / size)) > 0.05
    moved = COPIES["moved"](model, 4096, rng)
    np.testing.assert_allclose(np.ptp(moved, axis=0), np.ptp(model.vertices, axis=0), rtol=0.1)
    assert np.linalg.norm(moved.mean(axis=0) - sample(model, 4096, rng).mean(axis=0)) > 0.1 * size


def test_tables_are_printed(capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("open3d")
    assert main(["-n", "1", "--points", "1024"]) == 0
    printed = capsys.readouterr().out
    assert all(f"| {name} |" in printed for name in COPIES)
    assert "near misses called the same" in printed


def test_a_number_below_1_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["-n", "0"]) != 0
    assert "-n must be >= 1, got 0" in capsys.readouterr().err


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two clouds of 600 and one of 20 points."""
    rng = np.random.default_rng(0)
    for name, count in (("a", 600), ("b", 600), ("few", 20)):
        np.save(tmp_path / f"{name}.npy", rng.normal(size=(count, 3)) * [3, 1, 0.4])
    return tmp_path


def test_halves_of_clouds_are_disjoint_and_make_up_the_cloud(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    halves = {each.name: each for each in read_halves(folder, 9, 4096, 0)}
    assert sorted(halves) == ["a", "b"]
    for name, each in halves.items():
        both = np.concatenate([each.first, each.second])
        points = np.load(folder / f"{name}.npy").astype(np.float32)
        assert each.first.shape == (300, 3)
        np.testing.assert_array_equal(both[np.lexsort(both.T)], points[np.lexsort(points.T)])
    (folder / "empty.off").write_text("OFF\n0 0 0\n")
    assert sorted(each.name for each in read_halves(folder, 9, 4096, 0)) == ["a", "b"]
    assert [record.getMessage().partition(":")[0] for record in caplog.records] == ["left out"]
    (folder / "empty.off").unlink()
    (one,) = read_halves(folder, 1, 100, 0)
    assert one.first.shape == one.second.shape == (100, 3)
    assert not (one.first[:, None] == one.second).all(axis=2).any()


def test_copies_of_points_differ_by_what_their_name_says() -> None:
    points = np.random.default_rng(1).normal(size=(800, 3)) * [3, 1, 0.4]
    size = np.linalg.norm(np.ptp(points, axis=0))

    def altered(name: str) -> np.ndarray:
        return altered_points.COPIES[name](points, np.random.default_rng(2))

    def distances(cloud: np.ndarray) -> np.ndarray:
        return np.linalg.norm(cloud[:50, None] - cloud[50:100], axis=2)

    for name in ("moved", "rotated", "mirrored"):
        np.testing.assert_allclose(distances(altered(name)), distances(points))
    ratios = distances(altered("rescaled")) / distances(points)
    assert np.ptp(ratios) < 1e-9 and abs(np.log(ratios[0, 0])) >= 0.1

    def handedness(cloud: np.ndarray) -> float:
        return float(np.linalg.det(cloud[1:4] - cloud[0]))

    assert handedness(altered("rotated")) == pytest.approx(handedness(points))
    assert handedness(altered("mirrored")) == pytest.approx(-handedness(points))
    assert len(altered("half the points")) == 400
    noise = altered("noise 0.5 %") - points
    assert noise.std() == pytest.approx(0.005 * size, rel=0.05)
    for name in ("cap moved by 10 %", "cap scaled by 10 %"):
        changed = (altered(name) != points).any(axis=1)
        assert 0.1 <= changed.mean() <= 0.21
    shifts = altered("cap moved by 10 %") - points
    assert len(np.unique(np.round(shifts, 9), axis=0)) == 2
    assert 640 <= len(altered("cap missing")) <= 720
    stretched = np.linalg.svd(np.linalg.lstsq(points, altered("stretched by 10 %"), rcond=None)[0])[1]
    np.testing.assert_allclose(stretched, [1.1, 1, 1], rtol=1e-6)


def test_tables_of_files_are_printed(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    judged = [*altered_points.EXPECTED, *altered_points.NEAR_MISSES]
    assert sorted(judged) == sorted([*altered_points.COPIES, *altered_points.DECIMATED])
    assert main(["--data", str(folder), "-n", "2"]) == 0
    printed = capsys.readouterr().out
    assert all(f"| {name} |" in printed for name in altered_points.COPIES)
    assert "of 8\ncopies called the same" in printed and "of 16" in printed


def test_meshes_are_decimated_and_stay_near_their_surface(tmp_path: Path) -> None:
    trimesh = pytest.importorskip("trimesh")
    pytest.importorskip("open3d")
    trimesh.creation.icosphere(subdivisions=3).export(tmp_path / "ball.off")
    (halves,) = read_halves(tmp_path, 1, 500, 0)
    assert halves.mesh is not None and len(halves.mesh[1]) == 1280
    half, fifth = (
        np.linalg.norm(altered_points.decimated(halves, np.random.default_rng(0))[name], axis=1)
        for name in altered_points.DECIMATED
    )
    assert half.shape == fifth.shape == (500,)
    assert 0.97 < fifth.mean() < half.mean() < np.linalg.norm(halves.second, axis=1).mean() + 0.005
    assert altered_points.decimated(halves._replace(mesh=None), np.random.default_rng(0)) == {}


def test_answers_are_kept_and_a_second_call_goes_on(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    answers = folder / "answers.jsonl"
    for number in ("1", "2"):
        assert main(["--data", str(folder), "--answers", str(answers), "-n", number]) == 0
        assert len(answers.read_text().splitlines()) == int(number)
    resumed = capsys.readouterr().out.rsplit("| copy |", 1)[1].split("| answer |")[0]
    assert main(["--data", str(folder), "-n", "2"]) == 0
    assert resumed in capsys.readouterr().out


def test_a_folder_without_large_clouds_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    np.save(tmp_path / "few.npy", np.random.default_rng(0).normal(size=(40, 3)))
    assert main(["--data", str(tmp_path)]) != 0
    assert "expected clouds of at least 128 points, got none" in capsys.readouterr().err
    assert main(["--points", "63"]) != 0
    assert "--points must be >= 64, got 63" in capsys.readouterr().err
