"""Checks of folders: each finding where it belongs, with figures that are computed again here."""

import json
from pathlib import Path

import numpy as np
import pytest

from conclu_pyg.inference.check import Check, check_inputs
from conclu_pyg.inference.check_report import COLUMNS, write_check_page, write_check_table
from conclu_pyg.inference.cloud_summary import FileSummary, nearest_distances, summarize_file
from conclu_pyg.inference.findings import Finding
from conclu_pyg.inference.inputs import find_inputs
from conclu_pyg.inference.units import find_unit_groups

TETRAHEDRON = "v 0 0 0\nv 2 0 0\nv 0 1 0\nv 0 0 3\nf 1 2 3\nf 1 2 4\nf 2 3 4\nf 1 3 4\n"
QUIET = {"points", "size", "density", "up axis"}  # kinds that every folder has


def ball(seed: int, size: int = 200) -> np.ndarray:
    points = np.random.default_rng(seed).normal(size=(size, 3))
    return points / np.linalg.norm(points, axis=1, keepdims=True)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Eight clouds without fault."""
    folder = tmp_path / "clouds"
    folder.mkdir()
    for index in range(8):
        np.save(folder / f"{index}.npy", ball(index, 200 + index))
    return folder


def check(folder: Path, min_points: int = 16) -> Check:
    return check_inputs(find_inputs(folder), workers=0, min_points=min_points)


def one(found: Check, kind: str) -> Finding:
    (finding,) = [each for each in found.findings if each.kind == kind]
    return finding


def test_a_good_folder_has_no_warnings(folder: Path) -> None:
    found = check(folder)
    assert {each.kind for each in found.findings} == QUIET and not any(each.is_warning for each in found.findings)
    assert (found.files, found.formats, len(found.clouds), found.refused) == (8, {".npy": 8}, 8, [])
    assert dict(one(found, "points").values) == {"min": 200, "median": 203.5, "max": 207, "meshes": 0}
    diagonals = [np.linalg.norm(np.ptp(ball(index, 200 + index), axis=0)) for index in range(8)]
    assert one(found, "size").values["diagonal"] == pytest.approx(np.median(diagonals), rel=1e-6)
    assert not found.odd and found.comparison is None


def test_density_is_that_of_the_nearest_neighbours(folder: Path) -> None:
    spacing, unevenness = [], []
    for each in check(folder).clouds:
        points = np.load(each.path)
        distance = np.sqrt(((points[:, None] - points) ** 2).sum(axis=2) + np.diag(np.full(len(points), 9))).min(axis=1)
        diagonal = np.linalg.norm(np.ptp(points, axis=0))
        assert each.summary.spacing == pytest.approx(np.median(distance) / diagonal, rel=1e-4)
        spacing.append(each.summary.spacing)
        unevenness.append(np.quantile(distance, 0.9) / np.quantile(distance, 0.1))
    values = one(check(folder), "density").values
    assert values["spacing"] == pytest.approx(np.median(spacing), rel=1e-6)
    assert values["unevenness"] == pytest.approx(np.median(unevenness), rel=1e-4)


@pytest.mark.parametrize("size", [1, 2, 3, 3000])
def test_distances_are_those_of_the_points_with_the_smallest_keys(size: int) -> None:
    rng = np.random.default_rng(0)
    points, keys = rng.normal(size=(size, 3)), rng.permutation(size)
    found = nearest_distances(points, keys)
    squares = ((points[:, None] - points) ** 2).sum(axis=2)
    squares[np.diag_indices(size)] = np.inf
    expected = np.sqrt(squares.min(axis=1))[keys < 256]
    np.testing.assert_allclose(np.sort(found), np.sort(expected) if size > 1 else [])


def test_points_on_a_grid_are_different(tmp_path: Path) -> None:
    grid = np.stack(np.meshgrid(*[np.arange(-30, 30) / 8] * 3), axis=-1).reshape(-1, 3)
    np.save(tmp_path / "grid.npy", grid)
    (summary,) = summarize_file(tmp_path / "grid.npy").clouds
    assert summary.duplicates == 0 and summary.spacing == pytest.approx(1 / 59 / 3**0.5) and summary.unevenness == 1
    np.save(tmp_path / "grid.npy", np.concatenate([grid, grid[:17], [[-0.0, 0, 0]]]))
    assert summarize_file(tmp_path / "grid.npy").clouds[0].duplicates == 18


def test_files_that_cannot_be_used_and_skipped_ones_are_named(folder: Path) -> None:
    (folder / "damaged.ply").write_text("ply\nformat ascii 1.0\n")
    np.save(folder / "several.npy", np.stack([ball(20), np.zeros((200, 3)), ball(21)]))
    (folder / "photo.jpg").write_bytes(b"")
    found = check(folder)
    assert [name for name, _ in found.refused] == ["damaged.ply", "several.npy"]
    assert "damaged.ply" in found.refused[0][1] and "cloud 0001" in found.refused[1][1]
    assert [each.name for each in found.clouds[-2:]] == ["several.npy:0000", "several.npy:0002"]
    assert len(found.skipped) == 1 and ".jpg" in found.skipped[0]
    assert not any(each.is_warning for each in found.findings)


def test_a_folder_of_refused_files_is_no_obstacle(tmp_path: Path) -> None:
    (tmp_path / "a.ply").write_text("ply\n")
    found = check(tmp_path)
    assert found.findings == [] and len(found.refused) == 1


def test_meshes_count_apart(folder: Path) -> None:
    (folder / "mesh.obj").write_text(TETRAHEDRON)
    found = check(folder)
    assert one(found, "points").values["meshes"] == 1 and one(found, "points").values["min"] == 200
    assert "1 of them from meshes" in found.summary
    mesh = found.clouds[-1].summary
    assert mesh.is_mesh and np.isnan(mesh.spacing) and mesh.diagonal == pytest.approx(14**0.5, rel=0.05)
    assert not any(each.is_warning for each in found.findings)


def test_odd_clouds_are_named_and_no_others(folder: Path) -> None:
    rng = np.random.default_rng(0)
    few = ball(30, 15)
    with_nan = ball(31, 100)
    with_nan[:7] = np.nan
    repeated = np.concatenate([ball(32, 60), ball(32, 60)[:20], ball(32, 60)[:20]])
    turn = np.linalg.qr(rng.normal(size=(3, 3)))[0]
    flat = rng.uniform(size=(100, 3)) * [1, 0.7, 0] @ turn
    line = rng.uniform(size=(100, 3)) * [1, 0, 1e-4] @ turn
    far = ball(33) + np.array([3e6, -4e6, 0])
    odd = {"few": few, "with_nan": with_nan, "repeated": repeated, "flat": flat, "line": line, "far": far}
    for name, points in odd.items():
        np.save(folder / f"{name}.npy", points)
    found = check(folder)
    expected = {"small": "few", "removed": "with_nan", "duplicates": "repeated", "flat": "flat", "line": "line"}
    for kind, name in expected.items():
        assert one(found, kind).clouds == [f"{name}.npy"] and one(found, kind).is_warning
        assert found.odd[f"{name}.npy"] == [kind]
    assert one(found, "far").clouds == ["far.npy"] and not one(found, "far").is_warning
    by_name = {each.name: each.summary for each in found.clouds}
    assert by_name["with_nan.npy"].removed == 7 and by_name["repeated.npy"].duplicates == 40
    assert by_name["far.npy"].distance == pytest.approx(5e6, rel=1e-3)
    assert "40.0%" in one(found, "duplicates").text and "7 in all" in one(found, "removed").text
    assert {each.kind for each in found.findings} == {*QUIET, *expected, "far"}
    assert [each.is_warning for each in found.findings] == sorted(each.is_warning for each in found.findings)[::-1]
    assert "small" not in {each.kind for each in check(folder, min_points=15).findings}


def test_warnings_about_small_clouds_follow_min_points(folder: Path) -> None:
    assert one(check(folder, min_points=204), "small").clouds == [f"{index}.npy" for index in range(4)]


@pytest.mark.parametrize(
    ("factor", "unit", "other"),
    [(1000, "mm", "m"), (1 / 1000, "m", "mm"), (25.4, "mm", "inch"), (1 / 25.4, "inch", "mm"), (3.28, "foot", "m")],
)
def test_mixed_units_are_named(folder: Path, factor: float, unit: str, other: str) -> None:
    for index in range(3):
        np.save(folder / f"other_{index}.npy", ball(40 + index) * factor)
    finding = one(check(folder), "units")
    assert finding.is_warning and finding.clouds == [f"other_{index}.npy" for index in range(3)]
    assert (finding.values["unit"], finding.values["other"]) == (unit, other)
    assert finding.values["factor"] == pytest.approx(factor, rel=0.03)


def test_units_are_not_guessed() -> None:
    rng = np.random.default_rng(0)
    main = rng.uniform(0.8, 1.2, size=30)
    for factor in (2, 5, 10, 60, 200, 1e5):  # between no two of the units
        assert find_unit_groups(np.concatenate([main, factor * main[:5]])) == []
    # Sizes from 1 to 100 without a gap say nothing.
    assert find_unit_groups(np.geomspace(1, 100, 60)) == []
    assert find_unit_groups(np.array([1.0, 1000.0])) == [] and find_unit_groups(np.empty(0)) == []
    mixed = np.concatenate([main, 25.4 * main[:4], 1000 * main[:2]])
    order = rng.permutation(len(mixed))
    groups = find_unit_groups(mixed[order])
    assert [sorted(order[group.rows].tolist()) for group in groups] == [[30, 31, 32, 33], [34, 35]]


def test_copies_are_grouped(folder: Path) -> None:
    (folder / "copy.npy").write_bytes((folder / "1.npy").read_bytes())
    (folder / "again.npy").write_bytes((folder / "1.npy").read_bytes())
    np.save(folder / "shuffled.npy", ball(2, 202)[::-1])
    np.savetxt(folder / "text.xyz", ball(2, 202), fmt="%.18g")
    np.save(folder / "moved.npy", ball(3, 203) + 0.5)
    found = check(folder)
    assert one(found, "copies").values["groups"] == [["1.npy", "again.npy", "copy.npy"]]
    assert one(found, "same points").values["groups"] == [["2.npy", "shuffled.npy", "text.xyz"]]
    assert (
        one(found, "copies").text.startswith("2 exact copies of other files, in 1 group: ")
        and one(found, "copies").is_warning
    )


def test_far_clouds_at_other_places_are_no_copies(folder: Path) -> None:
    points = np.round(np.random.default_rng(0).normal(size=(200, 3)) * 64) / 64
    for index, shift in enumerate((0.0, 0.125)):
        np.save(folder / f"far_{index}.npy", points + np.array([500_000 + shift, 5_000_000, 0]))
    assert not [each for each in check(folder).findings if each.kind == "same points"]


def test_copies_of_a_file_of_several_clouds_are_one_group(folder: Path) -> None:
    several = np.stack([ball(20), ball(21), ball(20)])
    np.save(folder / "a.npy", several)
    np.save(folder / "b.npy", several)
    found = check(folder)
    assert one(found, "copies").values["groups"] == [["a.npy", "b.npy"]]
    assert one(found, "same points").values["groups"] == [["a.npy:0000", "a.npy:0002"]]


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_the_up_axis_is_measured(tmp_path: Path, axis: int) -> None:
    rng = np.random.default_rng(0)
    for index in range(60):
        name = tmp_path / f"class_{index % 6}" / f"{index}.npy"
        name.parent.mkdir(exist_ok=True)
        upright = rng.normal(size=(500, 3)) * [1, 1, 0] + rng.exponential(size=(500, 3)) * [0, 0, 1]
        np.save(name, np.roll(upright, axis - 2, axis=1))
    inputs = find_inputs(tmp_path)
    finding = one(check_inputs(inputs, workers=0), "up axis")
    assert finding.values["axis"] == "xyz"[axis] and not finding.is_warning and "6 of 6 folders" in finding.text
    for declared in ("x", "y", "z"):
        finding = one(check_inputs(inputs, up_axis=declared, workers=0), "up axis")
        assert finding.is_warning == (declared != "xyz"[axis])


def test_the_up_axis_of_few_clouds_and_of_symmetric_ones_is_not_guessed(folder: Path, tmp_path: Path) -> None:
    finding = one(check_inputs(find_inputs(folder), up_axis="y", workers=0), "up axis")
    assert finding.values["axis"] is None and not finding.is_warning and "got 8 clouds in 1 folder" in finding.text
    for index in range(40):
        name = tmp_path / "balls" / str(index % 5) / f"{index}.npy"
        name.parent.mkdir(exist_ok=True, parents=True)
        np.save(name, ball(index, 500))
    finding = one(check_inputs(find_inputs(tmp_path / "balls"), up_axis="y", workers=0), "up axis")
    assert finding.values["axis"] is None and not finding.is_warning and "unclear" in finding.text


def test_findings_do_not_depend_on_processes_and_the_order_of_points(folder: Path) -> None:
    for index in range(12):
        np.save(folder / f"more_{index}.npy", ball(index % 5, 400) * (1 if index else 1000))
    inputs = find_inputs(folder)
    expected = check_inputs(inputs, workers=0)
    assert check_inputs(inputs, workers=2).as_dict() == expected.as_dict()
    first = summarize_file(folder / "more_1.npy").clouds[0]
    np.save(folder / "more_1.npy", ball(1, 400)[np.random.default_rng(0).permutation(400)])
    assert summarize_file(folder / "more_1.npy").clouds[0] == first


def test_documents_have_no_infinite_numbers() -> None:
    values = {"ratio": float("inf"), "spread": float("nan"), "count": 3}
    document = Finding("kind", "sentence", values=values).as_dict()
    assert (document["ratio"], document["spread"], document["count"]) == (None, None, 3)


def test_a_summary_has_no_points(folder: Path) -> None:
    np.save(folder / "large.npy", ball(0, 100_000))
    summary = summarize_file(folder / "large.npy")
    assert isinstance(summary, FileSummary) and len(repr(summary)) < 1500


def test_the_table_has_a_row_for_each_cloud(folder: Path, tmp_path: Path) -> None:
    (folder / "mesh.obj").write_text(TETRAHEDRON)
    (folder / "damaged.ply").write_text("ply\n")
    np.save(folder / "several.npy", np.stack([ball(20), ball(21)]))
    np.save(folder / "=1+1.npy", ball(22))
    write_check_table(tmp_path / "a.csv", check(folder))
    lines = (tmp_path / "a.csv").read_text().splitlines()
    assert lines[0] == ",".join(COLUMNS) and len(lines) == 14
    rows = {tuple(line.split(",")[:2]): line.split(",") for line in lines[1:]}
    assert rows["0.npy", ""][3] == "200" and rows["mesh.obj", ""][3] == "" and ("several.npy", "0001") in rows
    assert ("'=1+1.npy", "") in rows
    extents = np.ptp(ball(0, 200), axis=0)
    np.testing.assert_allclose([float(cell) for cell in rows["0.npy", ""][4:7]], extents, rtol=1e-4)
    assert lines[-1].startswith("damaged.ply,,.ply,,") and "damaged.ply" in lines[-1].rpartition(",,")[2]


def test_names_are_escaped(folder: Path, tmp_path: Path) -> None:
    hostile = "<script>\x1b[2J.npy"
    np.save(folder / hostile, ball(0, 5))
    (folder / "<b>.ply").write_text("ply\n")
    found = check(folder)
    write_check_page(tmp_path / "a.html", found, "<i>", 2)
    page = (tmp_path / "a.html").read_text()
    assert "<script" not in page and "<b>" not in page and "<i>" not in page and "\x1b" not in page
    assert "&lt;script&gt;\\x1b[2J.npy" in page and page.count("<li") == 1
    assert "\x1b" not in json.dumps(found.as_dict()) and "\\x1b" in found.as_dict()["findings"][0]["clouds"][0]
