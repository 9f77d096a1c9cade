"""Auto-encoders: what they reconstruct, and by which distance."""

import math
from itertools import permutations
from typing import Any

import pytest
import torch
from helpers import raises
from torch_geometric.data import Batch

from conclu_pyg import METHODS
from conclu_pyg.data.batch import batch_clouds
from conclu_pyg.errors import ConfigError

ENCODER = {"name": "PointNet", "out_channels": 16, "input_transform": False, "feature_transform": False}
Points = list[list[float]]


def make(loss: str = "chamfer", name: str = "Autoencoder", **options: Any) -> Any:
    decoder = {"name": "MLPDecoder", "num_points": 5, "hidden_channels": [16]}
    return METHODS.build(
        {"name": name, "encoder": ENCODER, "decoder": decoder, "loss": loss, "num_points": 5, **options}
    )


def directions(a: Points, b: Points, power: int) -> tuple[float, float]:
    there = sum(min(math.dist(x, y) ** power for y in b) for x in a) / len(a)
    return there, sum(min(math.dist(x, y) ** power for x in a) for y in b) / len(b)


BY_HAND = {
    "chamfer": lambda a, b: sum(directions(a, b, 2)),
    "chamfer_max": lambda a, b: max(directions(a, b, 1)),
    "emd": lambda a, b: min(sum(map(math.dist, a, order)) / len(a) for order in permutations(b)),
}


@pytest.mark.parametrize("loss", list(BY_HAND))
def test_the_loss_is_the_distance_between_a_cloud_and_its_reconstruction(loss: str) -> None:
    method = make(loss).double().eval()
    clouds = batch_clouds(torch.randn(3, 5, 3, dtype=torch.double))
    reconstructed = method.decoder(method.encoder(clouds.pos, clouds.batch, 3)[1])
    pairs = zip(reconstructed.tolist(), clouds.pos.view(3, 5, 3).tolist(), strict=True)
    expected = sum(BY_HAND[loss](a, b) for a, b in pairs) / 3
    output = method({"cloud": clouds})
    assert output.losses["reconstruction"].item() == pytest.approx(expected)
    assert torch.equal(method.reconstruct(clouds), reconstructed) and not output.metrics


def test_by_default_the_decoder_has_the_points_of_the_view() -> None:
    method = METHODS.build({"name": "Autoencoder", "encoder": ENCODER, "num_points": 7, "loss": "emd"})
    assert method.decoder.num_points == 7 and method.views["cloud"][0]["num_points"] == 7


def test_foldingnet_is_an_autoencoder_with_the_papers_decoder_and_distance() -> None:
    method: Any = METHODS.build({"name": "FoldingNet", "encoder": ENCODER})
    assert method.loss == "chamfer_max" and method.views["cloud"][0]["num_points"] == 2048
    assert type(method.decoder).__name__ == "FoldingDecoder" and method.decoder.grid.shape == (45 * 45, 2)
    assert make(name="FoldingNet").decoder.num_points == 5


def test_the_earth_movers_distance_needs_equal_numbers_of_points() -> None:
    with raises(ConfigError, argument="num_points", got=6):
        make("emd", num_points=6)


def test_clouds_of_different_sizes_are_refused() -> None:
    clouds = Batch.from_data_list(
        [*batch_clouds(torch.randn(1, 5, 3)).to_data_list(), *batch_clouds(torch.randn(1, 4, 3)).to_data_list()]
    )
    with pytest.raises(ConfigError, match="view 'cloud' must have the same number of points"):
        make()({"cloud": clouds})
