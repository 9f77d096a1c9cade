"""Sets of rotations: geometry of the directions, and rotations by SciPy."""

import itertools
import math
from typing import Any

import numpy as np
import pytest
import torch
from scipy.spatial.transform import Rotation

from conclu_pyg.transforms.rotation_sets import rotation_set, unit_directions

SETS = pytest.mark.parametrize("count", [6, 18, 32])
PHI = (1 + math.sqrt(5)) / 2


def products(units: torch.Tensor) -> set[float]:
    return {round(a @ b, 6) + 0.0 for a, b in itertools.combinations(units.numpy(), 2)}


@SETS
def test_directions_are_distinct_units_with_their_opposites(count: Any) -> None:
    units = unit_directions(count)
    assert units.shape == (count, 3) and units.dtype == torch.double
    assert torch.allclose(units.norm(dim=1), torch.ones(count, dtype=torch.double))
    nearest = [min(math.dist(a, b) for b in (-units).tolist()) for a in units.tolist()]
    assert max(nearest) < 1e-9
    assert max(products(units)) < 0.9


def test_eighteen_directions_are_the_faces_and_edges_of_a_cube() -> None:
    expected = {tuple(np.round(np.array(v) / math.hypot(*v), 9)) for v in itertools.product((-1, 0, 1), repeat=3)
                if 1 <= sum(map(abs, v)) <= 2}  # fmt: skip
    assert {tuple(np.round(u, 9) + 0.0) for u in unit_directions(18).numpy()} == expected and len(expected) == 18


def test_thirty_two_directions_are_an_icosahedron_and_a_dodecahedron() -> None:
    units = unit_directions(32)
    assert products(units[:12]) == {-1.0, round(1 / math.sqrt(5), 6), -round(1 / math.sqrt(5), 6)}
    edge = math.sqrt(5) / 3  # cosine between neighbouring vertices of a dodecahedron
    assert products(units[12:]) == {-1.0, *(s * round(c, 6) for s in (1, -1) for c in (edge, 1 / 3))}
    between = (units[:12] @ units[12:].T).amax(dim=0)  # from each vertex of the one to the nearest of the other
    assert torch.allclose(between, torch.full((20,), PHI**2 / math.sqrt(3 * (PHI**2 + 1)), dtype=torch.double))
    assert units[0].tolist() == [0, 0, 1]


@SETS
@pytest.mark.parametrize("up_axis", [0, 1, 2])
def test_the_up_axis_is_turned_to_each_direction_by_the_shortest_rotation(count: Any, up_axis: int) -> None:
    matrices = rotation_set(count, None, up_axis)
    units = unit_directions(count).roll(up_axis - 2, dims=1)
    assert torch.allclose(matrices[:, :, up_axis], units)
    angles = Rotation.from_matrix(matrices.numpy()).magnitude()
    assert angles == pytest.approx([math.acos(max(-1, min(1, c))) for c in units[:, up_axis].tolist()], abs=1e-6)
    assert sum(angle < 1e-6 for angle in angles) == 1


@SETS
@pytest.mark.parametrize("angles", [2, 3, 4, 7])
def test_axis_angle_sets_are_distinct_rotations_about_the_directions(count: Any, angles: int) -> None:
    found = Rotation.from_matrix(rotation_set(count, angles, 2).numpy())
    assert len(found) == 1 + count // 2 * (angles - 1)
    assert found[0].magnitude() == pytest.approx(0)
    units = unit_directions(count).numpy()
    for rotation in found[1:]:
        axis = rotation.as_rotvec() / rotation.magnitude()
        assert (units @ axis).max() == pytest.approx(1)
        turns = rotation.magnitude() * angles / (2 * math.pi)
        assert turns == pytest.approx(round(turns)) and 1 <= round(turns) <= angles / 2
    apart = [(a.inv() * b).magnitude() for a, b in itertools.combinations(found, 2)]
    assert min(apart) > 0.2
