"""Composition of transforms from configs."""

from typing import Any

import pytest
import torch
from helpers import raises
from torch_geometric.data import Batch, Data
from torch_geometric.transforms import Compose

from conclu_pyg.errors import RegistryError
from conclu_pyg.transforms import FixedPoints, GaussianJitter, RandomYawRotate, compose


def test_steps_are_built_in_their_order() -> None:
    steps = compose([{"name": "FixedPoints", "num_points": 8}, {"name": "GaussianJitter", "sigma": 0.5}])
    assert isinstance(steps, Compose)
    assert [repr(step) for step in steps.transforms] == ["FixedPoints(8)", "GaussianJitter(sigma=0.5, clip=0.025)"]


def test_steps_are_applied_to_a_cloud_and_a_batch() -> None:
    steps = compose([{"name": "FixedPoints", "num_points": 8}, {"name": "NormalizeUnitSphere"}])
    one, other = Data(pos=torch.randn(20, 3)), Data(pos=torch.randn(30, 3))
    assert steps(one).pos.shape == (8, 3) and len(one.pos) == 20
    out = steps(Batch.from_data_list([one, other]))
    assert out.ptr.tolist() == [0, 8, 16] and torch.allclose(out.pos.view(2, 8, 3).norm(dim=2).amax(1), torch.ones(2))


def test_offers_reach_the_steps_that_take_them() -> None:
    rotate, jitter, own, older = compose(
        [
            {"name": "RandomYawRotate"},
            {"name": "GaussianJitter"},
            {"name": "RandomYawRotate", "up_axis": "x"},
            {"name": "RandomYawRotate", "up_axis": 0},  # as older configs may have it
        ],
        up_axis=1,
    ).transforms
    assert isinstance(rotate, RandomYawRotate) and rotate.up_axis == 1
    assert isinstance(jitter, GaussianJitter) and own.up_axis == older.up_axis == 0


def test_built_transforms_pass_through() -> None:
    sample = FixedPoints(4)
    assert compose([sample, {"name": "GaussianJitter"}]).transforms[0] is sample


def test_no_steps_are_the_identity() -> None:
    data = Data(pos=torch.randn(5, 3))
    assert torch.equal(compose([])(data).pos, data.pos)


@pytest.mark.parametrize(
    ("step", "argument", "got"),
    [
        ({"name": "GausianJitter"}, "name", "GausianJitter"),
        ({"name": "GaussianJitter", "sigmas": 1}, "sigmas", 1),
        ({"sigma": 1}, "name", ...),
        ("GaussianJitter", "", "GaussianJitter"),
    ],
)
def test_a_wrong_step_is_refused(step: Any, argument: str, got: Any) -> None:
    with raises(RegistryError, argument=argument, got=got):
        compose([step])
