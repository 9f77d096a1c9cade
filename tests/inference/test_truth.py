"""The true parts of clouds."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from conclu_pyg.errors import ConfigError, DataError
from conclu_pyg.inference.truth import Truth, check_truth
from conclu_pyg.io.clouds import Cloud, read_clouds


def true_parts(
    path: Path, cloud: Cloud, truth: Path | None, allowed: list[int]
) -> tuple[np.ndarray | None, tuple[str, ...]]:
    """Of a file that was named, alone."""
    return Truth(truth, {path: path.parent}).parts(path, cloud, {part: f"part {part}" for part in allowed})


def cloud(size: int = 4, rows: list[int] | None = None, part: list[int] | None = None, left_out: int = 0) -> Cloud:
    """A cloud of zeros; ``rows`` and ``left_out`` where the file has more points than it."""
    points = np.zeros((size, 3), dtype=np.float32)
    kept = None if rows is None else np.array(rows)
    return Cloud("x", points, kept, left_out, part=None if part is None else np.array(part))


def test_there_may_be_no_truth_and_a_file_may_hold_it() -> None:
    assert true_parts(Path("x.ply"), cloud(), None, [0, 1]) == (None, ())
    truth, notes = true_parts(Path("x.h5"), cloud(part=[0, 1, 1, 0]), None, [0, 1])
    assert truth is not None and truth.tolist() == [0, 1, 1, 0] and not notes


def test_parts_of_the_file_that_the_category_does_not_have_are_left_out() -> None:
    truth, notes = true_parts(Path("x.h5"), cloud(part=[0, 1, 1, 7]), None, [0, 1])
    assert truth is None and notes == (
        "the parts that the file has were left out, for they are not among 0 (part 0), 1 (part 1)",
    )


@pytest.mark.parametrize("suffix", [".seg", ".npy", ".txt"])
def test_truth_lies_in_a_file_or_under_the_clouds_name_in_a_folder(suffix: str, tmp_path: Path) -> None:
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
    ("labels", "points", "message"),
    [
        ([3, 4, 3], cloud(4), "has 3 labels and x.ply 4 points; give one for each"),
        ([3, 4, 3, 3, 3], cloud(4), "has 5 labels and x.ply 4 points"),
        ([3, 4, 3], cloud(2, rows=[0, 1], left_out=2), "has 3 labels and x.ply 4 points"),
        (
            [3, 4, 5, 3],
            cloud(4),
            "labels points with the part 5, but the category has the parts 3 .part 3., 4 .part 4.",
        ),
    ],
    ids=["short", "long", "short of the last", "foreign"],
)
def test_labels_that_do_not_fit_are_refused(labels: list[int], points: Cloud, message: str, tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", np.array(labels))
    with pytest.raises(DataError, match=message):
        true_parts(Path("x.ply"), points, tmp_path / "x.npy", [3, 4])


def test_missing_truth_is_said_with_what_was_looked_for(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"no part labels for x.ply: looked for .*x.seg, .*x.npy, .*x.txt"):
        true_parts(Path("x.ply"), cloud(), tmp_path, [0])


def test_of_several_clouds_in_a_file_each_has_labels_of_its_own(tmp_path: Path) -> None:
    np.save(tmp_path / "x_0001.npy", np.array([3, 4, 3, 4]))
    second = replace(cloud(), name="x_0001")
    truth, _ = true_parts(Path("x.h5"), second, tmp_path, [3, 4])
    assert truth is not None and truth.tolist() == [3, 4, 3, 4]
    with pytest.raises(DataError, match=r"^x.h5 holds several clouds, and --truth .* is one file of labels; name a f"):
        true_parts(Path("x.h5"), second, tmp_path / "x_0001.npy", [3, 4])


@pytest.mark.parametrize("array", [np.zeros(0), np.zeros((4, 4), dtype=int), np.array(["a"] * 4), np.full(4, 0.5)])
def test_a_file_that_is_not_of_labels_is_refused(array: np.ndarray, tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", array)
    with pytest.raises(DataError, match=r"x.npy has .*, where one whole number for each point is expected; write "):
        true_parts(Path("x.ply"), cloud(), tmp_path, [0])


def test_no_file_can_label_the_points_of_a_mesh(tmp_path: Path) -> None:
    path = tmp_path / "m.off"
    path.write_text("OFF\n4 4 0\n0 0 0\n1 0 0\n0 1 0\n0 0 1\n3 0 1 2\n3 0 1 3\n3 0 2 3\n3 1 2 3\n")
    (mesh,) = read_clouds(path)
    assert true_parts(path, mesh, None, [0, 1]) == (None, ())
    (tmp_path / "m.seg").write_text("0\n1\n1\n0\n")
    for truth in (tmp_path, tmp_path / "m.seg"):
        with pytest.raises(DataError, match=r"^the points of the mesh .*m.off are drawn from its surface, so that no "):
            true_parts(path, mesh, truth, [0, 1])


def test_truth_lies_at_the_clouds_place_below_the_folder_that_was_named(tmp_path: Path) -> None:
    top, truth = tmp_path / "d", tmp_path / "truth"
    tops = {top / folder / "x.npy": top for folder in ("a", "b")}
    for place, label in (("a", 3), ("b", 4)):
        (truth / place).mkdir(parents=True)
        np.save(truth / place / "x.npy", np.full(4, label))
    np.save(truth / "x.npy", np.full(4, 5))
    for path, label in zip(tops, (3, 4), strict=True):
        found, _ = Truth(truth, tops).parts(path, cloud(), dict.fromkeys([3, 4, 5], "part"))
        assert found is not None and found.tolist() == [label] * 4
    (truth / "b" / "x.npy").unlink()  # now the one that lies directly in the folder is that of b alone
    found, _ = Truth(truth, tops).parts(top / "b" / "x.npy", cloud(), dict.fromkeys([3, 4, 5], "part"))
    assert found is not None and found.tolist() == [5] * 4


@pytest.mark.parametrize(
    "names", [("a/x.npy", "b/x.npy"), ("x.npy", "b/x.npy"), ("a/x.npy", "a/x.ply")], ids=["apart", "above", "suffix"]
)
def test_truth_that_would_serve_two_clouds_is_refused_for_both(names: tuple[str, str], tmp_path: Path) -> None:
    top, truth = tmp_path / "d", tmp_path / "truth"
    tops = {top / name: top for name in (*names, "a/other.npy")}
    truth.mkdir()
    np.save(truth / "x.npy", np.full(4, 3))
    said = set()
    for name in names:
        with pytest.raises(DataError) as refusal:
            Truth(truth, tops).parts(top / name, cloud(), dict.fromkeys([3], "part"))
        said.add(str(refusal.value))
    first, second = sorted(top / name for name in names)
    assert said == {
        f"{truth / 'x.npy'} would label the points of {first} and {second}; name the folder above them and put the "
        f"labels of each at its place below {truth}, or predict them in calls of their own."
    }


def test_a_file_that_is_named_twice_has_its_truth(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("truth").mkdir()
    np.save("truth/x.npy", np.full(4, 3))
    tops = {Path("x.npy"): Path("."), tmp_path / "x.npy": tmp_path}
    for path in tops:
        found, _ = Truth(Path("truth"), tops).parts(path, cloud(), dict.fromkeys([3], "part"))
        assert found is not None and found.tolist() == [3] * 4


def test_one_file_of_labels_for_several_files_and_a_missing_one_are_refused(tmp_path: Path) -> None:
    labels, files = tmp_path / "labels.npy", [Path("a.ply"), Path("b.ply")]
    with pytest.raises(DataError, match=r"there is no file or folder .* of part labels"):
        check_truth(labels, files[:1])
    labels.touch()
    with pytest.raises(ConfigError, match="is one file of labels, and 2 files are meant; name a folder"):
        check_truth(labels, files)
    check_truth(labels, files[:1])
    check_truth(tmp_path, files)
    check_truth(None, files)
    with pytest.raises(
        ConfigError, match="is for files, and none is named; leave it out, for the test split has a truth"
    ):
        check_truth(labels, [])


def test_of_many_files_that_one_would_label_the_first_are_named(tmp_path: Path) -> None:
    top, truth = tmp_path / "d", tmp_path / "truth"
    tops = {top / str(index) / "x.npy": top for index in (7, 2, 5, 0, 3)}
    truth.mkdir()
    np.save(truth / "x.npy", np.full(4, 3))
    for path in tops:
        with pytest.raises(DataError, match=r"of [^ ]*d/0/x\.npy and [^ ]*d/2/x.npy and [^ ]*d/3/x.npy and 2 others; "):
            Truth(truth, tops).parts(path, cloud(), {3: "leg"})


def test_a_cloud_among_several_of_a_file_may_have_another_files_name(tmp_path: Path) -> None:
    tops = {tmp_path / name: tmp_path for name in ("x.npy", "x_0000.ply")}
    truth = tmp_path / "truth"
    truth.mkdir()
    np.save(truth / "x_0000.npy", np.full(4, 3))
    with pytest.raises(DataError, match=r"x_0000\.npy would label the points of .*x\.npy and .*x_0000\.ply; name "):
        Truth(truth, tops).parts(tmp_path / "x.npy", replace(cloud(), name="x_0000"), {3: "leg"})


@pytest.mark.parametrize("name", ["{}/x.npy", "x_{}.npy"], ids=["one name", "names"])
def test_looking_for_labels_takes_as_many_looks_for_each_of_more_files(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[Path] = []
    is_file, resolve = Path.is_file, Path.resolve
    monkeypatch.setattr(Path, "is_file", lambda path: (looks.append(path), is_file(path))[1])
    monkeypatch.setattr(Path, "resolve", lambda path: (looks.append(path), resolve(path))[1])
    top, truth, each = tmp_path / "d", tmp_path / "truth", []
    for size in (10, 40):
        tops = {top / name.format(index): top for index in range(size)}
        for path in tops:
            labels = truth / path.relative_to(top)
            labels.parent.mkdir(parents=True, exist_ok=True)
            np.save(labels, np.full(4, 3))
        of_call = Truth(truth, tops)
        looks.clear()
        for path in tops:
            of_call.parts(path, replace(cloud(), name=path.stem), {3: "leg"})
        each.append(len(looks) / size)
    assert each[0] == each[1] > 0
