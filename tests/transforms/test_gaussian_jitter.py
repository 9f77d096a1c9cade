from collections.abc import Callable

import pytest
import torch
from helpers import assert_error
from torch_geometric.data import Batch

from conclu_pyg.errors import ConfigError
from conclu_pyg.transforms import GaussianJitter


def test_the_repr() -> None:
    assert repr(GaussianJitter(0.1, 0.2)) == "GaussianJitter(sigma=0.1, clip=0.2)"


@pytest.mark.parametrize(("sigma", "clip"), [(0.0, 1.0), (1.0, 0.0)])
def test_a_sigma_of_zero_is_the_identity(batch: Batch, sigma: float, clip: float) -> None:
    assert torch.equal(GaussianJitter(sigma, clip)(batch).pos, batch.pos)


def test_the_noise_is_clipped_on_each_axis(copies: Callable[..., Batch]) -> None:
    batch = copies(20, dtype=torch.float64)
    noise = GaussianJitter(sigma=0.02, clip=0.025)(batch).pos - batch.pos
    assert (noise.amax(dim=0) - 0.025).abs().max() < 1e-12 and (noise.amin(dim=0) + 0.025).abs().max() < 1e-12
    assert 0.15 < (noise.abs() > 0.0249999).double().mean() < 0.28  # P(|N(0, 1)| > 1.25) = 0.21


def test_the_noise_has_its_standard_deviation_and_no_mean(copies: Callable[..., Batch]) -> None:
    batch = copies(200, dtype=torch.float64)
    noise = GaussianJitter(sigma=0.01, clip=1.0)(batch).pos - batch.pos
    assert (noise.std(dim=0) - 0.01).abs().max() < 5e-4 and noise.mean(dim=0).abs().max() < 5e-4
    assert noise.T.corrcoef().triu(1).abs().max() < 0.05  # each axis has its own


@pytest.mark.parametrize(("sigma", "clip"), [(-0.1, 0.1), (0.1, -0.1), (float("nan"), 0.1), (0.1, float("nan"))])
def test_negative_noise_is_refused(sigma: float, clip: float) -> None:
    with pytest.raises(ConfigError) as error:
        GaussianJitter(sigma, clip)
    argument, value = ("clip", clip) if sigma == 0.1 else ("sigma", sigma)
    assert_error(error, argument=argument, got=value)
