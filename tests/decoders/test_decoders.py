"""Properties of every registered decoder."""

from typing import Any

import pytest
import torch
from helpers import raises
from torch import nn

from conclu_pyg import DECODERS
from conclu_pyg.decoders.folding import FoldingDecoder
from conclu_pyg.decoders.mlp import MLPDecoder
from conclu_pyg.errors import ConfigError

OPTIONS: dict[str, dict[str, Any]] = {"PCNDecoder": {"grid_side": 2, "grid_scale": 0.5}}  # for random points


@pytest.fixture(params=list(DECODERS))
def decoder(request: pytest.FixtureRequest) -> Any:
    config = {"name": request.param, "num_points": 16, **OPTIONS.get(request.param, {})}
    return DECODERS.build(config, {"in_channels": 8})


def test_a_latent_vector_becomes_a_cloud(decoder: Any) -> None:
    cloud = decoder(torch.randn(5, 8))
    assert cloud.shape == (5, decoder.num_points, 3) == (5, 16, 3) and cloud.isfinite().all()


def test_clouds_do_not_depend_on_each_other(decoder: Any) -> None:
    latent = torch.randn(5, 8)
    assert torch.allclose(decoder(latent)[2:3], decoder(latent[2:3]), atol=1e-6)
    assert not torch.allclose(decoder(latent)[2], decoder(latent)[3])


def test_gradients_reach_the_latent_vector_and_all_parameters(decoder: Any) -> None:
    latent = torch.randn(5, 8, requires_grad=True)
    decoder(latent).square().sum().backward()
    assert latent.grad is not None and latent.grad.any()
    assert all(parameter.grad is not None and parameter.grad.any() for parameter in decoder.parameters())


def test_it_can_fit_a_cloud(decoder: Any) -> None:
    latent, target = torch.randn(1, 8), torch.rand(1, 16, 3) - 0.5
    optimizer = torch.optim.Adam(decoder.parameters(), lr=1e-3)
    losses = []
    for _ in range(50):
        loss = (decoder(latent) - target).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.5 * losses[0]


def test_a_size_below_1_is_refused(decoder: Any) -> None:
    for sizes in ({"in_channels": 0}, {"in_channels": 8, "num_points": 0}):
        with raises(ConfigError, argument=next(key for key, size in sizes.items() if size == 0), got=0):
            type(decoder)(**sizes)


def test_no_hidden_layer_leaves_a_linear_map() -> None:
    decoder, latent = MLPDecoder(8, 4, hidden_channels=()), torch.randn(2, 8)
    with torch.no_grad():
        zero, both = decoder(torch.zeros(1, 8)), decoder(latent) + decoder(-latent)
    assert torch.allclose(both, 2 * zero.expand(2, -1, -1), atol=1e-6)


def test_folding_concatenates_each_point_with_the_feature() -> None:
    decoder, latent = FoldingDecoder(8, 9, hidden_channels=5), torch.randn(2, 8)
    points = decoder.grid.expand(2, 9, 2)
    for folding in (decoder.first, decoder.second):
        weight = torch.cat([folding.of_point.weight, folding.of_cloud.weight], dim=1)
        joined = torch.cat([points, latent[:, None].expand(-1, 9, -1)], dim=2)
        x = (joined @ weight.T + folding.of_cloud.bias).relu()
        points = folding.last(folding.hidden(x).relu())
    assert torch.allclose(decoder(latent), points, atol=1e-5)


def test_the_grid_of_folding_is_not_saved() -> None:
    assert not any(name.endswith("grid") for name in FoldingDecoder(8, 9).state_dict())


def test_folding_needs_a_square_number_of_points() -> None:
    with pytest.raises(ConfigError, match="num_points must be a square number, got 1000; use 961 or 1024"):
        FoldingDecoder(8, 1000)


def test_decoders_are_modules() -> None:
    assert all(issubclass(DECODERS.get(name), nn.Module) for name in DECODERS)  # type: ignore[arg-type]
