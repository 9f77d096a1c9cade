from collections.abc import Callable

import pytest
import torch
from helpers import assert_error
from torch_geometric.data import Batch

from conclu_pyg.errors import ConfigError
from conclu_pyg.transforms import RandomTranslate


def test_the_repr() -> None:
    assert repr(RandomTranslate(0.3)) == "RandomTranslate(distance=0.3)"


def test_a_distance_of_zero_is_the_identity(batch: Batch) -> None:
    assert torch.equal(RandomTranslate(0.0)(batch).pos, batch.pos)


def test_each_cloud_moves_as_a_whole_uniformly_within_the_distance(copies: Callable[..., Batch]) -> None:
    batch = copies(1000, 5, dtype=torch.float64)
    shifts = (RandomTranslate(0.2)(batch).pos - batch.pos).view(1000, 5, 3)
    assert (shifts - shifts[:, :1]).abs().max() < 1e-12
    shift = shifts[:, 0]
    assert shift.abs().max() <= 0.2 + 1e-12
    assert (shift.amin(dim=0) < -0.195).all() and (shift.amax(dim=0) > 0.195).all()
    assert shift.mean(dim=0).abs().max() < 0.02 and shift.T.corrcoef().triu(1).abs().max() < 0.15


@pytest.mark.parametrize("distance", [-0.1, float("nan"), float("inf")])
def test_a_negative_or_infinite_distance_is_refused(distance: float) -> None:
    with pytest.raises(ConfigError) as error:
        RandomTranslate(distance)
    assert_error(error, argument="distance", got=distance)
