"""Duplicates in an index."""

from pathlib import Path

import numpy as np
import pytest

from conclu_pyg.cli.main import main
from conclu_pyg.inference.duplicates import DuplicatePair, candidate_pairs, find_duplicates, groups_of
from conclu_pyg.inference.index import Index
from conclu_pyg.inference.index_update import update_index
from conclu_pyg.inference.inputs import find_inputs
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
    pairs = candidate_pairs(index, measured, 10)
    assert all(other not in pair for pair in pairs) and all(a < b for a, b in pairs)
    copies = {row for row, name in enumerate(index.names) if name in ("a/part.obj", "b/copy.obj")}
    assert tuple(sorted(copies)) in pairs
    assert candidate_pairs(index, {0: base}, 10) == []


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
    assert header.split(",")[:3] == ["a", "b", "kind"] and header.endswith("labels_differ")
    assert first.startswith("a/part.obj,b/copy.obj,identical,0.0,") and "<svg" in page.read_text()
