import math
from collections.abc import Callable

import pytest
import torch
from torch_geometric.data import Batch, Data

from conclu_pyg.data.batch import batch_clouds
from conclu_pyg.transforms import NormalizeUnitSphere


def oracle(points: list[list[float]]) -> list[list[float]]:
    """Unit-sphere normalisation by loops in double precision."""
    centre = [math.fsum(point[axis] for point in points) / len(points) for axis in range(3)]
    moved = [[point[axis] - centre[axis] for axis in range(3)] for point in points]
    radius = max(math.hypot(*point) for point in moved)
    return [[x / radius for x in point] for point in moved] if radius > 0 else moved


def test_the_repr() -> None:
    assert repr(NormalizeUnitSphere()) == "NormalizeUnitSphere()"


def test_each_cloud_is_normalised_by_itself(batch: Batch) -> None:
    batch.pos = batch.pos * (1 + batch.batch[:, None]) + 5 * batch.batch[:, None]
    for before, after in zip(batch.to_data_list(), NormalizeUnitSphere()(batch).to_data_list(), strict=True):
        assert torch.allclose(after.pos, torch.tensor(oracle(before.pos.tolist())), atol=1e-5)


def test_a_normalised_cloud_stays_as_it_is(batch: Batch) -> None:
    once = NormalizeUnitSphere()(batch)
    assert torch.allclose(NormalizeUnitSphere()(once).pos, once.pos, atol=1e-6)


def test_a_cloud_far_from_the_origin_keeps_its_shape() -> None:
    offset = torch.randint(-8, 9, (30, 3)) / 8  # exact in single precision next to 1024
    near, far = (NormalizeUnitSphere()(Data(pos=offset + shift)).pos for shift in (0.0, 1024.0))
    assert torch.allclose(near, far, atol=1e-6)


@pytest.mark.parametrize("value", [0.1, -1 / 3, 1e-8, 1e4 / 7, 0.0])
def test_coinciding_points_are_centred_and_not_scaled(value: float) -> None:
    point = torch.full((3,), value)
    for size in (1, 3, 7, 1000):
        equal = NormalizeUnitSphere()(batch_clouds(point.repeat(2, size, 1)))
        ragged = NormalizeUnitSphere()(Batch.from_data_list([Data(pos=point.repeat(n, 1)) for n in (size, size + 1)]))
        assert not equal.pos.any() and not ragged.pos.any()


def test_a_small_cloud_is_scaled_as_a_large_one(clouds: Callable[..., Batch]) -> None:
    batch = clouds(20, 20)
    expected = NormalizeUnitSphere()(batch).pos
    for factor in (1e-6, 1e6):
        scaled = batch.clone()
        scaled.pos = batch.pos * factor
        assert torch.allclose(NormalizeUnitSphere()(scaled).pos, expected, atol=1e-5)
