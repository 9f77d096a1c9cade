from collections.abc import Callable

import pytest
import torch
from helpers import assert_error
from scipy import stats
from scipy.spatial.transform import Rotation
from torch import Tensor
from torch_geometric.data import Batch, Data

from conclu_pyg.data.batch import batch_clouds
from conclu_pyg.errors import ConfigError
from conclu_pyg.transforms import RandomSO3Rotate


def turns(degrees: float, count: int) -> Tensor:
    """Returns the rotations of several clouds as matrices, from the rotated unit vectors."""
    unit = batch_clouds(torch.eye(3, dtype=torch.float64).repeat(count, 1, 1))
    return RandomSO3Rotate(degrees)(unit).pos.view(count, 3, 3).transpose(1, 2)


def test_the_repr() -> None:
    assert repr(RandomSO3Rotate(30)) == "RandomSO3Rotate(degrees=30)"


def test_an_angle_of_zero_is_the_identity(batch: Batch) -> None:
    assert torch.equal(RandomSO3Rotate(0)(batch).pos, batch.pos)


@pytest.mark.parametrize("degrees", [180.0, 20.0])
def test_each_is_a_rotation(degrees: float) -> None:
    found = turns(degrees, 200)
    assert torch.allclose(found @ found.transpose(1, 2), torch.eye(3, dtype=torch.float64).expand_as(found), atol=1e-12)
    assert torch.allclose(found.det(), torch.ones(200, dtype=torch.float64))


@pytest.mark.parametrize("ragged", [False, True])
def test_it_is_the_rotation_of_the_quaternion_that_was_drawn(ragged: bool, clouds: Callable[..., Batch]) -> None:
    batch = clouds(9, 5 if ragged else 9, 9, dtype=torch.float64)
    torch.manual_seed(4)
    real, *imaginary = torch.randn(3, 4, dtype=torch.float64).T
    torch.manual_seed(4)
    singles = RandomSO3Rotate()(batch).to_data_list()
    oracle = Rotation.from_quat(torch.stack([*imaginary, real.abs()], dim=1).numpy())  # scipy puts the real part last
    for before, after, turn in zip(batch.to_data_list(), singles, oracle, strict=True):
        assert torch.allclose(after.pos, torch.from_numpy(turn.apply(before.pos.numpy())), atol=1e-12)


def test_rotations_are_uniform_by_default() -> None:
    found = Rotation.from_matrix(turns(180.0, 4000).numpy())
    angle = torch.from_numpy(found.magnitude())
    # The density of a uniform rotation's angle is (1 - cos a) / pi (Miles 1965); a fixed vector goes anywhere.
    assert stats.kstest(angle.numpy(), lambda a: (a - torch.from_numpy(a).sin().numpy()) / torch.pi).pvalue > 1e-3
    for axis in torch.eye(3).numpy():
        for coordinate in found.apply(axis).T:
            assert stats.kstest(coordinate, stats.uniform(-1, 2).cdf).pvalue > 1e-3


def test_fewer_degrees_shorten_the_same_turn() -> None:
    torch.manual_seed(1)
    whole = Rotation.from_matrix(turns(180.0, 50).numpy()).as_rotvec()
    torch.manual_seed(1)
    part = Rotation.from_matrix(turns(45.0, 50).numpy()).as_rotvec()
    assert torch.allclose(torch.from_numpy(part), torch.from_numpy(whole) / 4, atol=1e-10)


def test_a_single_cloud_is_rotated_rigidly() -> None:
    one = Data(pos=torch.randn(30, 3))
    out = RandomSO3Rotate()(one).pos
    assert torch.allclose(torch.cdist(out, out), torch.cdist(one.pos, one.pos), atol=1e-3)


@pytest.mark.parametrize("degrees", [-1.0, 181.0, float("nan"), float("inf")])
def test_an_angle_outside_0_to_180_is_refused(degrees: float) -> None:
    with pytest.raises(ConfigError) as error:
        RandomSO3Rotate(degrees)
    assert_error(error, argument="degrees", got=degrees)
