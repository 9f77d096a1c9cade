"""Primitives against the equations of their surfaces, and sampled points against areas."""

import numpy as np
import pytest

from conclu_pyg.datasets.shapes.catalog import CATEGORIES, Category
from conclu_pyg.datasets.shapes.mesh import Assembly, Mesh, rotation
from conclu_pyg.datasets.shapes.primitives import (
    bar,
    box,
    ellipsoid,
    extrude,
    frustum,
    loft,
    revolve,
    rounded,
    torus,
    tube,
)
from conclu_pyg.datasets.shapes.random_choices import RandomChoices
from conclu_pyg.io.surface import sample_surface


def sample(mesh: Mesh, num_points: int = 4000, seed: int = 0) -> np.ndarray:
    return sample_surface(mesh.vertices, mesh.drawn_corners, num_points, np.random.default_rng(seed))[0]


def area(mesh: Mesh) -> float:
    a, b, c = mesh.vertices[mesh.faces.T]
    return float(np.linalg.norm(np.cross(b - a, c - a), axis=1).sum() / 2)


def chord(segments: int) -> float:
    """Returns the largest distance between a regular polygon and its circle, relative to the radius."""
    return 1 - np.cos(np.pi / segments)


def test_box_points_lie_on_a_side() -> None:
    points = sample(box(2, 3, 4).at(z=-2)) / (2, 3, 4)
    np.testing.assert_allclose(np.abs(points).max(axis=1), 0.5, atol=1e-12)


def test_cylinder_points_lie_on_its_side_or_on_an_end() -> None:
    points = sample(frustum(2, 2, 5, segments=32))
    radius, z = np.hypot(points[:, 0], points[:, 1]), points[:, 2]
    side = radius >= 2 * (1 - chord(32)) - 1e-9
    assert (side | np.isclose(z, 0) | np.isclose(z, 5)).all()
    assert radius.max() <= 2 + 1e-9 and z.min() >= -1e-9 and z.max() <= 5 + 1e-9


def test_cone_radius_falls_with_height() -> None:
    points = sample(frustum(2, 0, 4, segments=32))
    points = points[points[:, 2] > 1e-9]
    expected = 2 - points[:, 2] / 2
    assert (np.hypot(points[:, 0], points[:, 1]) <= expected + 1e-9).all()
    assert (np.hypot(points[:, 0], points[:, 1]) >= expected * (1 - chord(32)) - 1e-9).all()


def test_ellipsoid_points_solve_its_equation() -> None:
    points = sample(ellipsoid(1, 2, 3)) / (1, 2, 3)
    radius = np.linalg.norm(points, axis=1)
    assert radius.max() <= 1 + 1e-9 and radius.min() >= 1 - chord(24) - chord(24)
    assert sample(ellipsoid(1, 1, 1, 0, 90))[:, 2].min() >= 0


def test_torus_points_keep_their_distance_from_the_middle_line() -> None:
    points = sample(torus(3, 0.5))
    distance = np.hypot(np.hypot(points[:, 0], points[:, 1]) - 3, points[:, 2])
    assert distance.max() <= 0.5 + 3 * chord(24) and np.median(distance) > 0.5 * (1 - chord(8))
    arc = sample(torus(3, 0.5, 0, 180))
    assert arc[:, 1].min() > -0.2


def test_tube_and_bar_keep_their_radius() -> None:
    line = np.stack([np.zeros(5), np.zeros(5), np.linspace(0, 4, 5)], axis=1)
    for mesh in (tube(line, 0.5, segments=16), bar((0, 0, 0), (0, 0, 4), 0.5, sides=16)):
        points = sample(mesh)
        inside = points[(points[:, 2] > 1e-9) & (points[:, 2] < 4 - 1e-9)]
        radius = np.hypot(inside[:, 0], inside[:, 1])
        assert radius.max() <= 0.5 + 1e-9 and radius.min() >= 0.5 * (1 - chord(16)) - 1e-9


@pytest.mark.parametrize("end", [(1, 0, 0), (0, -2, 0), (0, 0, 3), (1, 1, 1), (-1, 2, 0)])
def test_bar_reaches_from_end_to_end_in_any_direction(end: tuple[float, float, float]) -> None:
    points = sample(bar((0, 0, 0), end, 0.01))
    along = points @ np.array(end) / np.dot(end, end)
    assert np.isfinite(points).all() and along.min() > -1e-9 and along.max() < 1 + 1e-9
    assert np.linalg.norm(points - along[:, None] * np.array(end), axis=1).max() <= 0.01 + 1e-9


def test_a_plate_has_the_given_thickness_and_outline() -> None:
    points = sample(extrude(rounded(2, 4, 2.0), 0.3))
    assert points[:, 2].min() == pytest.approx(0) and points[:, 2].max() == pytest.approx(0.3)
    assert ((points[:, 0]) ** 2 + (points[:, 1] / 2) ** 2 <= 1 + 1e-9).all()


@pytest.mark.parametrize(
    ("mesh", "expected"),
    [
        (box(1, 2, 3), 22.0),
        (extrude(np.array([(0, 0), (1, 0), (1, 1), (0, 1)]), 2.0), 10.0),
        (frustum(1, 1, 2, 64), 2 * np.pi + 4 * np.pi),
        (frustum(1, 0, 1, 64), np.pi * (1 + np.sqrt(2))),
        (revolve([(1, 0), (2, 0)], 64), 3 * np.pi),
        (ellipsoid(1, 1, 1), 4 * np.pi),
        (torus(2, 0.5), 4 * np.pi**2),
    ],
    ids=["box", "plate", "cylinder", "cone", "annulus", "sphere", "torus"],
)
def test_areas(mesh: Mesh, expected: float) -> None:
    assert area(mesh) == pytest.approx(expected, rel=0.04)


CLOSED = {
    "box": box(1, 2, 3),
    "plate": extrude(rounded(1, 2), 0.5),
    "clockwise plate": extrude(rounded(1, 2)[::-1], 0.5),
    "frustum": frustum(1, 0.5, 2),
    "sphere": ellipsoid(1, 1, 1),
    "tube": tube(np.array([(0, 0, 0), (0, 0, 1), (0.5, 0, 2)]), 0.2, flat=0.5),
    "torus": torus(2, 0.5),
    "arc": torus(2, 0.5, 0, 120),
    "bar": bar((0, 0, 0), (1, 2, 3), 0.1),
}


def volume(mesh: Mesh) -> float:
    """Returns the volume that the faces enclose, negative if they face inwards."""
    a, b, c = mesh.vertices[mesh.faces.T]
    return float(np.einsum("ij,ij->", a, np.cross(b, c)) / 6)


def outside(mesh: Mesh) -> Mesh:
    """Returns the mesh with coinciding corners joined, and without faces that have no area."""
    vertices, joined = np.unique(mesh.vertices.round(9), axis=0, return_inverse=True)
    faces = joined.reshape(-1)[mesh.faces]
    degenerate = (faces == np.roll(faces, 1, axis=1)).any(axis=1)
    return Mesh(vertices, faces[~degenerate])


@pytest.mark.parametrize("mesh", CLOSED.values(), ids=CLOSED)
@pytest.mark.parametrize("move", [(1, 1, 1), (-1, 1, 1), (2, -3, -1)], ids=["as made", "mirrored", "stretched"])
def test_closed_surfaces_are_closed_and_face_outwards(mesh: Mesh, move: tuple[float, float, float]) -> None:
    moved = mesh.at(x=5, y=-7, z=2).scaled(*move)
    assert volume(moved) == pytest.approx(volume(mesh) * abs(np.prod(move))) and volume(mesh) > 0.01
    faces = outside(moved).faces
    edges = np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]])
    forth, back = (sorted(map(tuple, pairs.tolist())) for pairs in (edges, edges[:, ::-1]))
    assert forth == back  # each edge is passed once in either direction


@pytest.mark.parametrize(
    ("name", "expected"),
    [("box", 6.0), ("sphere", 4 / 3 * np.pi), ("torus", np.pi**2), ("frustum", np.pi * 2 * (1 + 0.5 + 0.25) / 3)],
)
def test_volumes(name: str, expected: float) -> None:
    assert volume(CLOSED[name]) == pytest.approx(expected, rel=0.11)  # polygons lie inside their circles


@pytest.mark.parametrize("category", CATEGORIES, ids=lambda category: category.name)
def test_no_closed_surface_of_a_category_is_inside_out(category: Category) -> None:
    closed = 0
    for seed in range(20):
        for mesh in category.make(RandomChoices(np.random.default_rng(seed))).meshes:
            a, b, c = mesh.vertices[mesh.faces.T]
            if np.abs(np.cross(b - a, c - a).sum(axis=0)).max() < 1e-12:
                closed += 1
                assert volume(mesh) > 0
    assert closed


def test_points_do_not_depend_on_the_winding() -> None:
    """The orientation of the faces does not change the clouds of a seed."""
    mesh = torus(2, 0.5)
    twin = mesh.reversed()
    assert volume(twin) == pytest.approx(-volume(mesh))
    np.testing.assert_array_equal(twin.drawn_corners, mesh.drawn_corners)
    assert mesh.flipped and not twin.flipped and not np.array_equal(mesh.faces, mesh.drawn_corners)
    merged, _ = Assembly().add("a", mesh, box(1, 1, 1)).merged({"a": 0})
    expected = np.concatenate([mesh.drawn_corners, box(1, 1, 1).faces + len(mesh.vertices)])
    np.testing.assert_array_equal(merged.drawn_corners, expected)


def test_points_are_uniform_by_area() -> None:
    mesh = box(1, 2, 4)
    points, face = sample_surface(mesh.vertices, mesh.drawn_corners, 22_000, np.random.default_rng(1))
    a, b, c = mesh.vertices[mesh.faces.T]
    areas = np.linalg.norm(np.cross(b - a, c - a), axis=1)
    keep = areas > 1e-12
    expected = areas[keep] / areas.sum() * len(points)
    counts = np.bincount(face, minlength=len(areas))[keep]
    freedom = keep.sum() - 1
    statistic = ((counts - expected) ** 2 / expected).sum()
    assert statistic < freedom + 4 * np.sqrt(2 * freedom)  # four standard deviations of chi-squared

    top = points[np.isclose(points[:, 2], 4)]  # and uniform within a side, across its triangles
    cells = np.histogram2d(top[:, 0], top[:, 1], bins=(3, 6), range=[(-0.5, 0.5), (-1, 1)])[0]
    mean = len(top) / cells.size
    assert ((cells - mean) ** 2 / mean).sum() < 17 + 4 * np.sqrt(2 * 17)


def test_density_weighs_faces() -> None:
    mesh = box(1, 1, 1)
    density = (mesh.vertices[mesh.faces].mean(axis=1)[:, 2] > 0.99).astype(float)
    points, _ = sample_surface(mesh.vertices, mesh.drawn_corners, 100, np.random.default_rng(0), density)
    np.testing.assert_allclose(points[:, 2], 1)


def test_moves() -> None:
    np.testing.assert_allclose(rotation("z", 90) @ (1, 0, 0), (0, 1, 0), atol=1e-12)
    np.testing.assert_allclose(rotation("x", 90) @ (0, 1, 0), (0, 0, 1), atol=1e-12)
    np.testing.assert_allclose(rotation("y", 90) @ (0, 0, 1), (1, 0, 0), atol=1e-12)
    mesh = box(1, 1, 1).scaled(z=2).turned("x", 90).at(x=5)
    np.testing.assert_allclose(np.ptp(mesh.vertices, axis=0), (1, 2, 1))
    assert mesh.vertices[:, 0].mean() == pytest.approx(5)


def test_assembly_keeps_the_part_of_each_face() -> None:
    lower, upper = box(1, 1, 1), loft(np.array([[(0, 0, 5), (1, 0, 5), (0, 1, 5)], [(0, 0, 6), (1, 0, 6), (0, 1, 6)]]))
    shape = Assembly().add("lower", lower).add("upper", upper, upper.at(x=3))
    mesh, part = shape.merged({"lower": 7, "upper": 9})
    assert shape.parts == {"lower", "upper"}
    heights = mesh.vertices[mesh.faces].mean(axis=1)[:, 2]
    np.testing.assert_array_equal(part, np.where(heights < 2, 7, 9))
