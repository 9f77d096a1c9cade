"""Duplicates in an index."""

import csv
import re
from pathlib import Path

import numpy as np
import pytest

from conclu_pyg.cli.main import main
from conclu_pyg.errors import ConfigError
from conclu_pyg.inference.compare_files import POINTS
from conclu_pyg.inference.duplicates import DuplicatePair, candidate_pairs, find_duplicates, groups_of
from conclu_pyg.inference.index import Index
from conclu_pyg.inference.index_update import update_index
from conclu_pyg.inference.inputs import find_inputs
from conclu_pyg.io.subset import subset
from conclu_pyg.io.surface import sample_surface
from conclu_pyg.registration import Evidence
from conclu_pyg.runs.frozen_encoder import load_encoder

TURN = np.array([[0.36, 0.48, -0.8], [-0.8, 0.6, 0.0], [0.48, 0.64, 0.6]])


def box(extent: list[float], at: list[float] | None = None, triangulation: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """A box with one of two triangulations of its sides."""
    corners = np.array([[x, y, z] for x in (0, 1) for y in (0, 1) for z in (0, 1)], float) * extent
    sides = [(0, 1, 3, 2), (4, 6, 7, 5), (0, 4, 5, 1), (2, 3, 7, 6), (0, 2, 6, 4), (1, 5, 7, 3)]
    faces = []
    for a, b, c, d in sides:
        faces += [(a, b, c), (a, c, d)] if triangulation == 0 else [(b, c, d), (b, d, a)]
    return corners + (at or [0, 0, 0]), np.array(faces)


def part(triangulation: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Three boxes without any symmetry."""
    boxes = [
        box([4, 1, 1], triangulation=triangulation),
        box([0.7, 2.5, 0.5], [0.4, 1, 0], triangulation),
        box([0.5, 0.9, 1.8], [2.9, 0.1, 1], triangulation),
    ]
    vertices = np.concatenate([corners for corners, _ in boxes])
    return vertices, np.concatenate([faces + 8 * place for place, (_, faces) in enumerate(boxes)])


def write(path: Path, vertices: np.ndarray, faces: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = [f"v {x!r} {y!r} {z!r}\n" for x, y, z in vertices.tolist()]
    path.write_text("".join(lines) + "".join(f"f {a} {b} {c}\n" for a, b, c in (faces + 1).tolist()))


@pytest.fixture(scope="module")
def index(tiny_run: Path, tmp_path_factory: pytest.TempPathFactory) -> Index:
    folder = tmp_path_factory.mktemp("parts")
    vertices, faces = part()
    write(folder / "a" / "part.obj", vertices, faces)
    write(folder / "b" / "copy.obj", vertices, faces)
    write(folder / "b" / "turned.obj", vertices @ TURN.T + 7, part(1)[1])
    write(folder / "b" / "larger.obj", vertices * 2.5, part(1)[1])
    write(folder / "b" / "mirrored.obj", vertices * [-1, 1, 1], faces[:, ::-1])
    write(folder / "c" / "other.obj", *box([1, 1, 5]))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("conclu_pyg.inference.embed.REFERENCE_SHAPES", 20)
        made, _ = update_index(
            folder.parent / "index", load_encoder(tiny_run), find_inputs(folder).input_roots, workers=0
        )
    return made


def test_copies_are_found_with_their_kinds(index: Index) -> None:
    pairs, errors = find_duplicates(index, workers=0)
    kinds = {(Path(pair.a).stem, Path(pair.b).stem): pair.evidence.kind for pair in pairs if "part" in pair.a}
    assert errors == [] and kinds == {
        ("part", "copy"): "identical",
        ("part", "turned"): "rotated",
        ("part", "larger"): "rescaled",
        ("part", "mirrored"): "mirrored",
    }
    assert not any("other" in name for pair in pairs for name in (pair.a, pair.b))
    by_name = {Path(pair.b).stem: pair for pair in pairs if "part" in pair.a}
    assert by_name["larger"].evidence.scale == pytest.approx(2.5, rel=0.01)
    assert by_name["turned"].evidence.rotation_degrees == pytest.approx(
        np.degrees(np.arccos((np.trace(TURN) - 1) / 2)), abs=1.0
    )
    assert pairs[0].evidence.kind == "identical"
    (group,) = groups_of(pairs)
    assert [Path(index.names[row]).stem for row in group] == ["part", "copy", "larger", "mirrored", "turned"]
    for pair in pairs:
        expected = float(index.unit[pair.rows[0]] @ index.unit[pair.rows[1]])
        assert pair.similarity == pytest.approx(expected, abs=1e-6)


def test_files_that_have_gone_are_reported(index: Index, tmp_path: Path) -> None:
    path = next(file.path for file, _ in index.sources if file.name.endswith("turned.obj"))
    away = path.rename(tmp_path / "away.obj")
    try:
        pairs, errors = find_duplicates(index, workers=0)
    finally:
        away.rename(path)
    assert len(errors) == 1 and "turned.obj" in errors[0]
    assert "identical" in {pair.evidence.kind for pair in pairs}


def test_candidates_are_near_by_invariants_and_copies_are_compared_once(index: Index) -> None:
    rng = np.random.default_rng(0)
    base = rng.random(28)
    measured = {row: base + 0.001 * row for row in range(len(index.names))}
    other = len(index.names) - 1
    measured[other] = base + 0.2
    contents = {row: name if "copy" not in name else "a/part.obj" for row, name in enumerate(index.names)}
    pairs = candidate_pairs(index, measured, 10, contents)
    assert all(other not in pair for pair in pairs) and all(a < b for a, b in pairs)
    copies = {row for row, name in enumerate(index.names) if name in ("a/part.obj", "b/copy.obj")}
    assert tuple(sorted(copies)) in pairs
    assert candidate_pairs(index, {0: base}, 10, {0: "a"}) == []
    many = dict.fromkeys(range(len(index.names)), "same")
    assert candidate_pairs(index, measured, 10, many) == [(0, row) for row in range(1, len(many))]


def test_pairs_between_two_sides_are_those_of_all_pairs_that_cross(index: Index) -> None:
    everything, _ = find_duplicates(index, workers=0)
    kinds = {(pair.a, pair.b): pair.evidence.kind for pair in everything}
    expected = {pair: kind for pair, kind in kinds.items() if pair[0].startswith("a/") and pair[1].startswith("b/")}
    pairs, problems = find_duplicates(index, between=("a/*", "b/*"), workers=0)
    assert problems == [] and {(pair.a, pair.b): pair.evidence.kind for pair in pairs} == expected
    pairs, _ = find_duplicates(index, between=("b/*", "a/*"), workers=0)
    assert {(pair.b, pair.a): pair.evidence.kind for pair in pairs} == expected
    assert find_duplicates(index, between=("c/*", "?/part.obj"), workers=0) == ([], [])


def test_copies_between_two_sides_are_paired_with_one_of_the_other_side(index: Index) -> None:
    contents = {0: "x", 1: "x", 2: "x", 3: "x", 4: "y", 5: "z"}
    sides = np.array([0, 1, 4]), np.array([2, 3, 5])
    assert candidate_pairs(index, {}, 10, contents, sides) == [(0, 2), (0, 3), (1, 2)]
    near = {row: np.full(28, 0.5) for row in range(6)}
    pairs = candidate_pairs(index, near, 10, contents, sides)
    assert {(4, 2), (4, 3), (4, 5), (0, 5), (1, 5)} <= set(pairs) and (1, 3) not in pairs
    assert all(a in sides[0] and b in sides[1] for a, b in pairs)


def test_files_of_neither_side_are_not_read(index: Index, tmp_path: Path) -> None:
    path = next(file.path for file, _ in index.sources if file.name.endswith("other.obj"))
    away = path.rename(tmp_path / "away.obj")
    try:
        assert find_duplicates(index, between=("a/*", "b/turned*"), workers=0)[1] == []
    finally:
        away.rename(path)


@pytest.mark.parametrize(
    ("patterns", "message"),
    [
        (("a/*", "d/*"), "the pattern 'd/*' matches no cloud; expected one for names such as a/part.obj"),
        (("A/*", "b/*"), "the pattern 'A/*' matches no cloud"),
        (("b/*", "*copy*"), "both patterns match b/copy.obj (1 in all)"),
    ],
)
def test_wrong_patterns_are_refused(index: Index, patterns: tuple[str, str], message: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(message)) as refusal:
        find_duplicates(index, between=patterns, workers=0)
    assert refusal.value.argument == "between"


def build(folder: Path, run: Path) -> Index:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("conclu_pyg.inference.embed.REFERENCE_SHAPES", 20)
        roots = find_inputs(folder).input_roots
        return update_index(folder.parent / f"index_{folder.name}", load_encoder(run), roots, workers=0)[0]


def test_evidence_is_that_of_the_files_as_they_are_now(tiny_run: Path, tmp_path: Path) -> None:
    folder = tmp_path / "clouds"
    folder.mkdir()
    rng = np.random.default_rng(0)
    points = rng.normal(size=(200, 3)) * [3, 1, 0.4]
    np.save(folder / "a.npy", points)
    np.save(folder / "b.npy", points)
    index = build(folder, tiny_run)
    (pair,), problems = find_duplicates(index, workers=0)
    assert pair.evidence.kind == "identical" and problems == []
    np.save(folder / "b.npy", rng.normal(size=(200, 3)) * [1, 1, 1])
    pairs, problems = find_duplicates(index, workers=0)
    assert pairs == [] and len(problems) == 1 and "b.npy has changed" in problems[0]


def test_the_place_of_far_clouds_counts(tiny_run: Path, tmp_path: Path) -> None:
    folder = tmp_path / "far"
    folder.mkdir()
    points = np.random.default_rng(0).normal(size=(400, 3)) * [3, 1, 0.4]
    np.save(folder / "a.npy", points + np.array([500_000, 5_000_000, 0]))
    np.save(folder / "b.npy", points + np.array([600_000, 5_100_000, 0]))
    (pair,), _ = find_duplicates(build(folder, tiny_run), workers=0)
    assert pair.evidence.kind == "moved"


def test_equal_samples_of_different_clouds_are_not_identical(tiny_run: Path, tmp_path: Path) -> None:
    folder = tmp_path / "large"
    folder.mkdir()
    points = np.random.default_rng(0).normal(size=(9000, 3)) * [3, 1, 0.4]
    np.save(folder / "a.npy", points)
    chosen = subset(np.arange(9000)[:, None], POINTS)[:, 0]
    points[np.setdiff1d(np.arange(9000), chosen)[0]] *= 1.01
    np.save(folder / "b.npy", points)
    (pair,), _ = find_duplicates(build(folder, tiny_run), workers=0)
    assert pair.evidence.kind == "resampled"


def test_copies_of_few_points_are_found(tiny_run: Path, tmp_path: Path) -> None:
    folder = tmp_path / "few"
    folder.mkdir()
    points = np.random.default_rng(0).normal(size=(24, 3))
    for name in ("a", "b"):
        np.save(folder / f"{name}.npy", points)
    np.save(folder / "c.npy", points * 2)
    (pair,), problems = find_duplicates(build(folder, tiny_run), workers=0)
    assert (pair.a, pair.b, pair.evidence.kind) == ("a.npy", "b.npy", "identical") and len(problems) == 3
    assert pair.as_dict()["noise"] is None


def test_pairs_with_points_in_common_come_first(
    tiny_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, rng = tmp_path / "clouds", np.random.default_rng(0)
    folder.mkdir()
    points, other = (sample_surface(*part(), 1500, rng)[0].astype(np.float64) for _ in range(2))
    for name, cloud in {"a": points[:1000], "b": points[500:] @ TURN.T, "c": other[:1000]}.items():
        np.save(folder / f"{name}.npy", cloud)
    made, _ = update_index(tmp_path / "index", load_encoder(tiny_run), find_inputs(folder).input_roots, workers=0)
    pairs, _ = find_duplicates(made, workers=0)
    found = [(pair.a, pair.b, pair.evidence.kind) for pair in pairs]
    assert found[:2] == [("a.npy", "b.npy", "rotated"), ("a.npy", "c.npy", "resampled")]
    assert [pair.evidence.shares_points for pair in pairs] == [True, False, False]
    assert main(["duplicates", str(made.folder)]) == 0
    assert "unless both are spaced evenly: 1 pair\n" in capsys.readouterr().out


def test_groups_join_over_others() -> None:
    def pair(a: int, b: int, kind) -> DuplicatePair:
        evidence = Evidence(kind, 0.0, 0.0, 0.1, 1.0, 0.0, False, "")
        return DuplicatePair(str(a), str(b), 1.0, evidence, (a, b))

    pairs = [pair(4, 5, "rotated"), pair(0, 3, "identical"), pair(3, 7, "moved"), pair(5, 6, "similar")]
    assert groups_of(pairs) == [[0, 3, 7], [4, 5]]


def test_the_command(index: Index, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    table, page = tmp_path / "a.csv", tmp_path / "a.html"
    arguments = ["--labels", "folders", "--csv", str(table), "--html", str(page)]
    assert main(["duplicates", str(index.folder), *arguments]) == 0
    output = capsys.readouterr().out
    assert "Their labels differ: a and b." in output and "4 clouds could be left out, of 6" in output
    header, first, *_ = table.read_text().splitlines()
    rows = list(csv.DictReader(table.read_text().splitlines()))
    assert [row["shares_points"] for row in rows if row["kind"] == "identical"] == ["True"]
    assert {row["shares_points"] for row in rows if row["kind"] == "mirrored"} == {"False"}
    assert header.split(",")[:3] == ["a", "b", "kind"] and header.endswith("labels_differ")
    assert first.startswith("a/part.obj,b/copy.obj,identical,0.0,") and "<svg" in page.read_text()
    assert "labels differ: 4 pairs of the same shape, 0 pairs of similar ones" in output
    assert re.findall("spaced evenly: .*", output) == ["spaced evenly: 2 pairs; 1 with different labels"]

    assert main(["duplicates", str(index.folder), "--between", "b/*", "a/*", *arguments, "--force"]) == 0
    output = capsys.readouterr().out
    assert "4 pairs (1 identical, 1 rotated, 1 rescaled, 1 mirrored)" in output
    assert [line.split(",")[0] for line in table.read_text().splitlines()][1] == "b/copy.obj"
    assert page.read_text().count("Their labels differ: b and a.") == 4
    assert main(["duplicates", str(index.folder), "--between", "b/*", "x/*"]) != 0
    assert "'x/*' matches no cloud" in capsys.readouterr().err


def test_clouds_that_are_no_longer_in_their_file_are_reported(tiny_run: Path, tmp_path: Path) -> None:
    points = np.random.default_rng(0).normal(size=(3, 300, 3))
    for name in ("a.npy", "b.npy"):
        np.save(tmp_path / name, points)
    index = build(tmp_path, tiny_run)
    points[1] = np.nan
    np.save(tmp_path / "b.npy", points)
    _, problems = find_duplicates(index, workers=0)
    assert problems == [
        f"{tmp_path / 'b.npy'} has changed since it was indexed; update the index.",
        "b.npy:0001 is no longer in its file; update the index.",
    ]


def test_many_copies_do_not_take_the_place_of_other_candidates(index: Index) -> None:
    count = len(index.names)
    half = count // 2
    contents = {row: "a" if row < half else "b" for row in range(count)}
    near = {row: np.full(28, 0.5) for row in range(count)}
    pairs = candidate_pairs(index, near, 1, contents)
    assert {(0, row) for row in range(half, count)} | {(row, half) for row in range(half)} <= set(pairs)
    assert {(0, row) for row in range(1, half)} | {(half, row) for row in range(half + 1, count)} <= set(pairs)
    sides = np.arange(2), np.arange(2, count)  # all copies of one but the second content
    crossing = candidate_pairs(index, near, 1, {**contents, count - 1: "c"}, sides)
    assert {(0, 2), (1, 2)} <= set(crossing) and all(a < 2 <= b for a, b in crossing)
