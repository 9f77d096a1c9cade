"""Triangulation of polygons, against their areas by the shoelace formula."""

from pathlib import Path

import numpy as np
import pytest
from helpers import raises
from hypothesis import given, settings
from hypothesis import strategies as st

from conclu_pyg.errors import DataError
from conclu_pyg.io import polygons
from conclu_pyg.io.polygons import check_corners, triangulate
from conclu_pyg.io.surface import clean_mesh, cross

SQUARE = np.array([[0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0]])
L_SHAPE = np.array([[0, 0, 0], [2, 0, 0], [2, 1, 0], [1, 1, 0], [1, 2, 0], [0, 2, 0]])
COMB = np.array([[0, 0, 0], [5, 0, 0], [5, 2, 0], [4, 1, 0], [3, 2, 0], [2, 1, 0], [1, 2, 0], [0, 1, 0]])


def area(vertices: np.ndarray, triangles: np.ndarray) -> float:
    a, b, c = (vertices[triangles[:, i]].astype(np.float64) for i in range(3))
    return float(np.linalg.norm(cross(b - a, c - a), axis=1).sum() / 2)


@given(
    seed=st.integers(0, 10**6), size=st.integers(3, 12), is_turned=st.booleans(), place=st.sampled_from([0, 10, 1e5])
)
@settings(max_examples=60, deadline=None, derandomize=True)
def test_the_triangles_of_a_simple_polygon_have_its_area(seed: int, size: int, is_turned: bool, place: float) -> None:
    rng = np.random.default_rng(seed)
    angles = 2 * np.pi * (np.arange(size) + rng.uniform(0, 0.4, size)) / size  # a star around its middle, so simple
    flat = rng.uniform(0.2, 2, (size, 1)) * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    x, y = flat.T
    expected = abs((x * np.roll(y, -1) - np.roll(x, -1) * y).sum()) / 2
    turn = np.linalg.qr(rng.normal(size=(3, 3)))[0]
    vertices = np.c_[flat[::-1] if is_turned else flat, np.zeros(size)] @ turn.T + place
    triangles, notes = triangulate(vertices, np.roll(np.arange(size), seed), np.array([size]))
    assert len(triangles) <= size - 2 and notes == ()
    # Triangles that lie outside would add to the area.
    assert area(vertices, triangles) == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("kind", [np.float64, np.float32, np.float16, np.int16, np.uint8])
@pytest.mark.parametrize(("outline", "expected"), [(SQUARE, 1), (L_SHAPE, 3), (COMB, 7.5)])
def test_outlines_from_any_first_corner(outline: np.ndarray, expected: float, kind: type) -> None:
    size = len(outline)
    corners = np.stack([np.roll(np.arange(size), first) for first in range(size)])
    corners = np.concatenate([corners, corners[:, ::-1]]).reshape(-1)
    triangles, notes = triangulate(outline.astype(kind), corners, np.full(2 * size, size))
    assert area(outline, triangles) == pytest.approx(2 * size * expected) and notes == ()


def test_triangles_and_convex_polygons_are_fans_from_their_first_corner() -> None:
    angles = np.arange(8) / 8 * 2 * np.pi
    circle = np.stack([np.cos(angles), np.sin(angles), np.zeros(8)], axis=1)
    sizes = np.array([5, 3, 5, 4])
    corners = np.array([7, 0, 2, 3, 5, 1, 2, 3, 0, 1, 2, 3, 4, 6, 5, 4, 3])
    triangles, notes = triangulate(circle, corners, sizes)
    fives = [[7, 0, 2], [7, 2, 3], [7, 3, 5], [0, 1, 2], [0, 2, 3], [0, 3, 4]]
    assert triangles.tolist() == [*fives, [1, 2, 3], [6, 5, 4], [6, 4, 3]] and notes == ()


def test_corners_on_a_line_and_repeated_corners_change_nothing() -> None:
    vertices = np.array([[0, 0, 0], [0.1, 0, 0], [0.3, 0, 0], [0.7, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0]]) + 1e4
    for outline in ([0, 1, 2, 3, 4, 5, 6], [3, 4, 5, 6, 0, 1, 2], [0, 4, 5, 5, 6], [0, 0, 4, 5, 6]):
        triangles, _ = triangulate(vertices, np.array(outline), np.array([len(outline)]))
        assert area(vertices, triangles) == pytest.approx(1, abs=1e-6)


def test_faces_without_area_are_left_out_and_counted() -> None:
    corners = np.array([0, 1, 0, 1, 2, 0, 0, 1, 0, 1, 0, 1, 0, 1, 2, 3])
    triangles, notes = triangulate(SQUARE, corners, np.array([0, 1, 1, 3, 3, 4, 4]))
    assert triangles.tolist() == [[0, 1, 2], [0, 1, 2], [0, 2, 3]] and notes == ("5 faces without area left out",)
    none, notes = triangulate(SQUARE, np.array([], np.int64), np.array([], np.int64))
    assert none.shape == (0, 3) and notes == ()


def test_all_triangles_of_a_polygon_have_its_corner_that_is_not_finite() -> None:
    vertices = L_SHAPE.astype(np.float64)
    vertices[3, 1] = np.nan
    corners = np.array([0, 1, 2, 3, 4, 5, 0, 1, 2])
    triangles, _ = triangulate(vertices, corners, np.array([6, 3]))
    assert len(triangles) == 5 and clean_mesh(vertices, triangles, "a.ply")[0].tolist() == [[0, 1, 2]]


def test_a_self_intersecting_polygon_is_not_lost() -> None:
    triangles, notes = triangulate(SQUARE, np.array([0, 2, 1, 3]), np.array([4]))
    assert len(triangles) and notes == ()


def test_large_meshes_are_divided_in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    corners = np.random.default_rng(0).integers(0, 8, 4 * 100)
    sizes = np.full(100, 4)
    whole, notes = triangulate(COMB, corners, sizes)
    monkeypatch.setattr("conclu_pyg.io.polygons.CHUNK", 30)
    pieces, same = triangulate(COMB, corners, sizes)
    assert sorted(whole.tolist()) == sorted(pieces.tolist()) and notes == same


@pytest.mark.parametrize(("corners", "size", "got"), [([0, 1, 4], 4, 4), ([0, -1], 4, -1), ([0], 0, 0)])
def test_corners_that_do_not_exist_are_refused(corners: list[int], size: int, got: int) -> None:
    check_corners(np.array([0, size - 1][: size + 1] if size else []), size, Path("a.ply"))
    with raises(DataError, file="a.ply", got=got):
        check_corners(np.array(corners), size, Path("a.ply"))


def test_huge_polygons_that_are_not_convex_are_left_out_with_a_note(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(polygons, "MAX_CORNERS", 5)
    triangles, notes = triangulate(L_SHAPE, np.array([1, 2, 3, 4, 5, 0, 0, 1, 2]), np.array([6, 3]))
    assert triangles.tolist() == [[0, 1, 2]]
    assert notes == ("1 face without area or not convex, with more than 5 corners, left out",)
