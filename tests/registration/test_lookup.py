"""Tables of nearest points against exact distances."""

import numpy as np
import pytest

from conclu_pyg.registration.lookup import CELLS, NearestPointTable


@pytest.mark.parametrize("extent", [(1.0, 1.0, 1.0), (3.0, 0.2, 1.0), (1.0, 0.0, 0.0)])
def test_points_are_nearest_up_to_the_cells(extent: tuple[float, float, float]) -> None:
    rng = np.random.default_rng(0)
    points = rng.uniform(-1, 1, size=(384, 3)) * extent
    queries = rng.uniform(-1, 1, size=(2, 200, 3)) * extent
    distance, index = NearestPointTable(points).query(queries)
    exact = np.linalg.norm(queries[:, :, None] - points, axis=3)
    assert distance.shape == index.shape == (2, 200)
    np.testing.assert_allclose(distance, np.linalg.norm(queries - points[index], axis=2))
    cell = 2 * max(extent) / CELLS
    assert (distance <= exact.min(axis=2) + 2 * 3**0.5 * cell).all()
    assert (distance - exact.min(axis=2)).mean() < cell / 2


def test_queries_outside_the_grid_get_a_point_of_its_border() -> None:
    points = np.array([[-1.0, 0, 0], [1.0, 0, 0]])
    distance, index = NearestPointTable(points).query(np.array([[50.0, 3, 0], [-9.0, 0, 0]]))
    assert index.tolist() == [1, 0]
    np.testing.assert_allclose(distance, [np.hypot(49, 3), 8])


def test_points_at_one_place() -> None:
    distance, index = NearestPointTable(np.full((40, 3), 2.0)).query(np.array([2.0, 2.0, 3.0]))
    assert distance == 1 and 0 <= index < 40
