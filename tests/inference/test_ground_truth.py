"""Ground truth for the parts of clouds."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from helpers import raises

from conclu_pyg.errors import ConfigError, DataError
from conclu_pyg.inference.ground_truth import GroundTruth, check_ground_truth
from conclu_pyg.io.clouds import Cloud, read_clouds


def true_parts(
    path: Path, cloud: Cloud, truth: Path | None, allowed: list[int]
) -> tuple[np.ndarray | None, tuple[str, ...]]:
    """Reads the ground truth of a file that is the only input."""
    return GroundTruth(truth, {path: path.parent}).read(path, cloud, {part: f"part {part}" for part in allowed})


def cloud(size: int = 4, rows: list[int] | None = None, part: list[int] | None = None, left_out: int = 0) -> Cloud:
    """Makes a cloud of zeros; ``rows`` and ``left_out`` if the file has more points than the cloud."""
    points = np.zeros((size, 3), dtype=np.float32)
    kept = None if rows is None else np.array(rows)
    return Cloud("x", points, kept, left_out, labels=None if part is None else np.array(part))


def test_there_may_be_no_ground_truth_and_a_file_may_contain_it() -> None:
    assert true_parts(Path("x.ply"), cloud(), None, [0, 1]) == (None, ())
    truth, notes = true_parts(Path("x.h5"), cloud(part=[0, 1, 1, 0]), None, [0, 1])
    assert truth is not None and truth.tolist() == [0, 1, 1, 0] and not notes


def test_foreign_parts_of_the_file_are_ignored() -> None:
    truth, notes = true_parts(Path("x.h5"), cloud(part=[0, 1, 1, 7]), None, [0, 1])
    assert truth is None and notes == (
        "the parts in the file were ignored: expected parts among 0 (part 0), 1 (part 1)",
    )


@pytest.mark.parametrize("suffix", [".seg", ".npy", ".txt"])
def test_ground_truth_is_a_file_or_has_the_name_of_the_cloud_in_a_folder(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"x{suffix}"
    if suffix == ".npy":
        np.save(path, np.array([3, 4, 3, 4, 3]))
    else:
        path.write_text("3\n4\n3\n4\n3\n")
    for place in (path, tmp_path):
        truth, _ = true_parts(Path("x.ply"), cloud(5), place, [3, 4])
        assert truth is not None and truth.tolist() == [3, 4, 3, 4, 3]
    kept, _ = true_parts(Path("x.ply"), cloud(2, rows=[1, 4], left_out=3), path, [3, 4])
    assert kept is not None and kept.tolist() == [4, 3]


@pytest.mark.parametrize(
    ("labels", "points", "got", "message"),
    [
        ([3, 4, 3], cloud(4), 3, " must have a label for each of the 4 points of x.ply, got 3."),
        ([3, 4, 3, 3, 3], cloud(4), 5, ""),
        ([3, 4, 3], cloud(2, rows=[0, 1], left_out=2), 3, " must have a label for each of the 4 points"),
        ([3, 4, 5, 3], cloud(4), 5, ": expected the parts 3 (part 3), 4 (part 4) of the category, got 5; number the "),
    ],
    ids=["short", "long", "short of the last", "foreign"],
)
def test_labels_that_do_not_fit_are_refused(
    labels: list[int], points: Cloud, got: int, message: str, tmp_path: Path
) -> None:
    np.save(tmp_path / "x.npy", np.array(labels))
    with raises(DataError, file=tmp_path / "x.npy", got=got) as error:
        true_parts(Path("x.ply"), points, tmp_path / "x.npy", [3, 4])
    assert str(error.value).startswith(f"{tmp_path / 'x.npy'}{message}")


def test_missing_ground_truth_is_refused_with_the_expected_paths(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"no part labels for x.ply; expected one of .*x.seg, .*x.npy, .*x.txt"):
        true_parts(Path("x.ply"), cloud(), tmp_path, [0])


def test_each_cloud_of_a_file_has_its_own_labels(tmp_path: Path) -> None:
    np.save(tmp_path / "x_0001.npy", np.array([3, 4, 3, 4]))
    second = replace(cloud(), name="x_0001")
    truth, _ = true_parts(Path("x.h5"), second, tmp_path, [3, 4])
    assert truth is not None and truth.tolist() == [3, 4, 3, 4]
    with pytest.raises(
        DataError, match=r"^x.h5 contains several clouds, but the ground truth .* is one label file; give"
    ):
        true_parts(Path("x.h5"), second, tmp_path / "x_0001.npy", [3, 4])


@pytest.mark.parametrize("array", [np.zeros(0), np.zeros((4, 4), dtype=int), np.array(["a"] * 4), np.full(4, 0.5)])
def test_a_file_without_labels_is_refused(array: np.ndarray, tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", array)
    with raises(DataError, file=tmp_path / "x.npy"):
        true_parts(Path("x.ply"), cloud(), tmp_path, [0])


def test_a_mesh_cannot_have_ground_truth(tmp_path: Path) -> None:
    path = tmp_path / "m.off"
    path.write_text("OFF\n4 4 0\n0 0 0\n1 0 0\n0 1 0\n0 0 1\n3 0 1 2\n3 0 1 3\n3 0 2 3\n3 1 2 3\n")
    (mesh,) = read_clouds(path)
    assert true_parts(path, mesh, None, [0, 1]) == (None, ())
    (tmp_path / "m.seg").write_text("0\n1\n1\n0\n")
    for truth in (tmp_path, tmp_path / "m.seg"):
        with pytest.raises(DataError, match=r"m.off is a mesh, so its points are sampled and cannot be labelled by "):
            true_parts(path, mesh, truth, [0, 1])


def test_ground_truth_has_the_relative_path_of_the_cloud(tmp_path: Path) -> None:
    top, truth = tmp_path / "d", tmp_path / "truth"
    roots = {top / folder / "x.npy": top for folder in ("a", "b")}
    for place, label in (("a", 3), ("b", 4)):
        (truth / place).mkdir(parents=True)
        np.save(truth / place / "x.npy", np.full(4, label))
    np.save(truth / "x.npy", np.full(4, 5))
    for path, label in zip(roots, (3, 4), strict=True):
        found, _ = GroundTruth(truth, roots).read(path, cloud(), dict.fromkeys([3, 4, 5], "part"))
        assert found is not None and found.tolist() == [label] * 4
    (truth / "b" / "x.npy").unlink()  # now the one that lies directly in the folder is that of b alone
    found, _ = GroundTruth(truth, roots).read(top / "b" / "x.npy", cloud(), dict.fromkeys([3, 4, 5], "part"))
    assert found is not None and found.tolist() == [5] * 4


@pytest.mark.parametrize(
    "names", [("a/x.npy", "b/x.npy"), ("x.npy", "b/x.npy"), ("a/x.npy", "a/x.ply")], ids=["apart", "above", "suffix"]
)
def test_ambiguous_ground_truth_is_refused_for_both_clouds(names: tuple[str, str], tmp_path: Path) -> None:
    top, truth = tmp_path / "d", tmp_path / "truth"
    roots = {top / name: top for name in (*names, "a/other.npy")}
    truth.mkdir()
    np.save(truth / "x.npy", np.full(4, 3))
    messages = set()
    for name in names:
        with pytest.raises(DataError) as refusal:
            GroundTruth(truth, roots).read(top / name, cloud(), dict.fromkeys([3], "part"))
        messages.add(str(refusal.value))
    first, second = sorted(top / name for name in names)
    assert messages == {
        f"{truth / 'x.npy'} matches several input files: {first} and {second}; give the folder above them as input and "
        f"put each label file at the same relative path below {truth}, or predict the files in separate calls."
    }


def test_a_file_that_is_given_twice_has_its_ground_truth(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("truth").mkdir()
    np.save("truth/x.npy", np.full(4, 3))
    roots = {Path("x.npy"): Path("."), tmp_path / "x.npy": tmp_path}
    for path in roots:
        found, _ = GroundTruth(Path("truth"), roots).read(path, cloud(), dict.fromkeys([3], "part"))
        assert found is not None and found.tolist() == [3] * 4


def test_the_path_of_the_ground_truth_is_checked(tmp_path: Path) -> None:
    labels, files = tmp_path / "labels.npy", [Path("a.ply"), Path("b.ply")]
    with pytest.raises(DataError, match=r"labels.npy does not exist; give an existing"):
        check_ground_truth(labels, files[:1])
    labels.touch()
    with pytest.raises(ConfigError, match="is one label file, but there are 2 input files; give a folder"):
        check_ground_truth(labels, files)
    check_ground_truth(labels, files[:1])
    check_ground_truth(tmp_path, files)
    check_ground_truth(None, files)
    with pytest.raises(ConfigError, match="needs input files, got none; leave it out"):
        check_ground_truth(labels, [])


def test_of_many_ambiguous_files_the_first_are_named(tmp_path: Path) -> None:
    top, truth = tmp_path / "d", tmp_path / "truth"
    roots = {top / str(index) / "x.npy": top for index in (7, 2, 5, 0, 3)}
    truth.mkdir()
    np.save(truth / "x.npy", np.full(4, 3))
    for path in roots:
        with pytest.raises(DataError, match=r": [^ ]*d/0/x\.npy and [^ ]*d/2/x.npy and [^ ]*d/3/x.npy and 2 others; "):
            GroundTruth(truth, roots).read(path, cloud(), {3: "leg"})


def test_a_cloud_of_a_file_may_have_the_name_of_another_file(tmp_path: Path) -> None:
    roots = {tmp_path / name: tmp_path for name in ("x.npy", "x_0000.ply")}
    truth = tmp_path / "truth"
    truth.mkdir()
    np.save(truth / "x_0000.npy", np.full(4, 3))
    with raises(DataError, file=truth / "x_0000.npy"):
        GroundTruth(truth, roots).read(tmp_path / "x.npy", replace(cloud(), name="x_0000"), {3: "leg"})


@pytest.mark.parametrize("name", ["{}/x.npy", "x_{}.npy"], ids=["one name", "names"])
def test_the_search_for_labels_is_linear_in_the_number_of_files(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[Path] = []
    is_file, resolve = Path.is_file, Path.resolve
    monkeypatch.setattr(Path, "is_file", lambda path: (looks.append(path), is_file(path))[1])
    monkeypatch.setattr(Path, "resolve", lambda path: (looks.append(path), resolve(path))[1])
    top, truth, each = tmp_path / "d", tmp_path / "truth", []
    for size in (10, 40):
        roots = {top / name.format(index): top for index in range(size)}
        for path in roots:
            labels = truth / path.relative_to(top)
            labels.parent.mkdir(parents=True, exist_ok=True)
            np.save(labels, np.full(4, 3))
        of_call = GroundTruth(truth, roots)
        looks.clear()
        for path in roots:
            of_call.read(path, replace(cloud(), name=path.stem), {3: "leg"})
        each.append(len(looks) / size)
    assert each[0] == each[1] > 0
