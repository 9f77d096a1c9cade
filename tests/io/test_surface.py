"""Sampling of surfaces by area, and degenerate meshes."""

import numpy as np
import pytest
from helpers import raises

from conclu_pyg.data.resize import shape_rng
from conclu_pyg.errors import DataError
from conclu_pyg.io.surface import BROKEN_FACES, clean_mesh, sample_surface

# A small triangle in the plane z = 0, one of nine times its area in z = 1, and one without an area.
VERTICES = np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1], [3, 0, 1], [0, 3, 1.0]])
TRIANGLES = np.array([[0, 1, 2], [3, 4, 5], [0, 1, 1]])


def test_points_lie_on_the_triangles_in_proportion_to_their_areas() -> None:
    points, triangle = sample_surface(VERTICES, TRIANGLES, 50_000, shape_rng(0, "a"))
    assert points.shape == (50_000, 3)
    upper = points[:, 2] > 0.5
    assert np.array_equal(triangle, upper)
    assert np.allclose(points[:, 2], upper)
    assert abs(upper.mean() - 0.9) < 0.01
    corner = points[upper][:, :2] / 3  # uniform in the unit triangle: its mean is the centroid, x < 1/2 in 3/4 of it
    assert (corner >= 0).all() and (corner.sum(axis=1) <= 1 + 1e-12).all()
    assert np.allclose(corner.mean(axis=0), 1 / 3, atol=0.01)
    assert abs((corner[:, 0] < 0.5).mean() - 0.75) < 0.01


def test_a_sound_mesh_is_left_as_it_is() -> None:
    triangles, repairs = clean_mesh(VERTICES, TRIANGLES, "a")
    assert triangles is TRIANGLES and repairs == []


def test_one_seed_gives_one_cloud_for_each_name() -> None:
    def sample(seed: int, name: str) -> np.ndarray:
        return sample_surface(VERTICES, TRIANGLES, 8, shape_rng(seed, name))[0]

    assert np.array_equal(sample(0, "chair/chair_0001"), sample(0, "chair/chair_0001"))
    assert not np.array_equal(sample(0, "chair/chair_0001"), sample(0, "chair/chair_0002"))
    assert not np.array_equal(sample(0, "chair/chair_0001"), sample(1, "chair/chair_0001"))


@pytest.mark.parametrize("bad", [np.nan, np.inf, 1e300])
def test_leaves_out_faces_with_a_broken_corner(bad: float) -> None:
    vertices = VERTICES.copy()
    vertices[4, 1] = bad
    triangles, repairs = clean_mesh(vertices, TRIANGLES, "a")
    assert repairs == [BROKEN_FACES] and np.array_equal(triangles, TRIANGLES[[0, 2]])
    points, triangle = sample_surface(vertices, triangles, 100, shape_rng(0, "a"))
    assert np.all(points[:, 2] == 0) and not triangle.any()


def test_a_density_weighs_the_areas() -> None:
    triangle = sample_surface(VERTICES, TRIANGLES, 20_000, shape_rng(0, "a"), np.array([9.0, 1.0, 5.0]))[1]
    assert abs(np.bincount(triangle, minlength=3) / 20_000 - [0.5, 0.5, 0]).max() < 0.01


@pytest.mark.parametrize(
    ("vertices", "triangles"),
    [
        (np.zeros((3, 3)), np.array([[0, 1, 2]])),
        (VERTICES, np.array([[0, 1, 1], [2, 2, 2]])),
        (np.full((3, 3), np.nan), np.array([[0, 1, 2]])),
        (VERTICES, np.empty((0, 3), np.int64)),
        (VERTICES * 1e-200, TRIANGLES),
    ],
)
def test_refuses_a_mesh_without_area(vertices: np.ndarray, triangles: np.ndarray) -> None:
    with raises(DataError, file="chair_0001.off", got=len(triangles)) as error:
        clean_mesh(vertices, triangles, "chair_0001.off")
    assert str(error.value).endswith(" and no area; restore it or leave it out.")
