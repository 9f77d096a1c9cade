from collections.abc import Callable
from typing import Any

import pytest
import torch
from helpers import assert_error
from torch_geometric.data import Batch

from conclu_pyg.errors import ConfigError
from conclu_pyg.transforms import RandomYawRotate


def test_the_repr() -> None:
    assert repr(RandomYawRotate(30, "y")) == "RandomYawRotate(degrees=30, up_axis='y')"


def test_an_angle_of_zero_is_the_identity(batch: Batch) -> None:
    assert torch.equal(RandomYawRotate(degrees=0)(batch).pos, batch.pos)


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_it_is_a_rotation_about_the_up_axis(axis: int, copies: Callable[..., Batch]) -> None:
    batch = copies(20, dtype=torch.float64)
    out = RandomYawRotate(180, axis)(batch)
    assert torch.equal(out.pos[:, axis], batch.pos[:, axis])
    assert torch.allclose(out.pos.norm(dim=1), batch.pos.norm(dim=1), rtol=1e-14)
    for before, after in zip(batch.pos.view(20, -1, 3), out.pos.view(20, -1, 3), strict=True):
        turn = torch.linalg.lstsq(before, after).solution.T  # after = before @ turn.T
        assert torch.allclose(turn @ turn.T, torch.eye(3, dtype=torch.float64), atol=1e-12)
        assert torch.allclose(turn.det(), torch.ones((), dtype=torch.float64))


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_a_positive_angle_turns_as_a_right_hand_does(
    axis: int, copies: Callable[..., Batch], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch, "rand", lambda *size, **kwargs: torch.ones(*size, **kwargs))  # the largest angle
    batch = copies(1, 1)
    ahead = torch.eye(3)[(axis + 1) % 3]
    batch.pos = ahead[None]
    turned = RandomYawRotate(90, axis)(batch).pos[0]
    assert torch.allclose(turned, torch.linalg.cross(torch.eye(3)[axis], ahead), atol=1e-6)


@pytest.mark.parametrize("degrees", [5.0, 90.0, 180.0])
def test_the_angle_is_uniform_up_to_the_largest(degrees: float, copies: Callable[..., Batch]) -> None:
    batch = copies(2000, 1)
    batch.pos = torch.tensor([[1.0, 0, 0]]).repeat(2000, 1)
    x, y, _ = RandomYawRotate(degrees)(batch).pos.T
    angle = torch.atan2(y, x).rad2deg() / degrees
    assert angle.abs().max() <= 1 + 1e-5
    counts = angle.histc(4, -1, 1) / 2000
    assert (counts - 0.25).abs().max() < 0.05


def test_each_cloud_is_rotated_rigidly(batch: Batch) -> None:
    turned = RandomYawRotate(180)(batch).to_data_list()
    for before, after in zip(batch.to_data_list(), turned, strict=True):
        assert torch.allclose(torch.cdist(after.pos, after.pos), torch.cdist(before.pos, before.pos), atol=1e-3)


@pytest.mark.parametrize("degrees", [-1.0, float("nan"), float("inf")])
def test_a_negative_or_infinite_angle_is_refused(degrees: float) -> None:
    with pytest.raises(ConfigError) as error:
        RandomYawRotate(degrees)
    assert_error(error, argument="degrees", got=degrees)


def test_the_axis_is_a_letter_or_a_number() -> None:
    for number, letter in enumerate("xyz"):
        assert RandomYawRotate(up_axis=letter).up_axis == number  # type: ignore[arg-type]
        assert RandomYawRotate(up_axis=number).up_axis == number  # type: ignore[arg-type]
    assert RandomYawRotate().up_axis == 2


@pytest.mark.parametrize("axis", [-1, 3, "w", "xy", "", True])
def test_an_unknown_axis_is_refused(axis: Any) -> None:
    with pytest.raises(ConfigError) as error:
        RandomYawRotate(up_axis=axis)
    assert_error(error, argument="up_axis", got=axis)
