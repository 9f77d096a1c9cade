"""MAP-VAE: halves by angle, the variational bound, and the sequence model, against loops."""

import math
from typing import Any

import pytest
import torch
from helpers import raises
from torch_geometric.data import Batch, Data

from conclu_pyg import METHODS
from conclu_pyg.data.batch import batch_clouds
from conclu_pyg.errors import ConfigError, RegistryError
from conclu_pyg.pipelines.views import compose_views

ENCODER = {"name": "PointNet", "out_channels": 8, "input_transform": False, "feature_transform": False}
SIZES = {"num_angles": 3, "num_points": 10, "latent_channels": 4, "hidden_channels": 5}
DECODER = {"name": "MLPDecoder", "hidden_channels": [6]}


def make(**options: Any) -> Any:
    return METHODS.build({"name": "MAPVAE", "encoder": ENCODER, "decoder": DECODER, **SIZES, **options})


def split(method: Any, size: int = 4, up_axis: int = 2) -> Batch:
    clouds = batch_clouds(torch.randn(size, 14, 3, dtype=torch.double))
    return compose_views(method.views, None, up_axis=up_axis)["split"](clouds)


def chamfer_by_hand(a: list[list[float]], b: list[list[float]]) -> float:
    there = sum(min(math.dist(p, q) ** 2 for q in b) for p in a) / len(a)
    return there + sum(min(math.dist(p, q) ** 2 for q in a) for p in b) / len(b)


def pooled(method: Any, points: torch.Tensor) -> torch.Tensor:
    features: torch.Tensor = method.encoder(points, torch.zeros(len(points), dtype=torch.long), 1)[1]
    return features


@pytest.mark.parametrize("up_axis", [0, 1, 2])
def test_the_front_is_the_half_towards_the_viewer(up_axis: int) -> None:
    view = split(make(), up_axis=up_axis)
    for cloud in view.to_data_list():
        for i in range(3):
            angle = 2 * math.pi * i / 3
            u, v = (up_axis + 1) % 3, (up_axis + 2) % 3
            away = [-math.cos(angle) * p[u] - math.sin(angle) * p[v] for p in cloud.pos.tolist()]
            expected = sorted(range(10), key=away.__getitem__)[:5]
            assert sorted(cloud.front[:, i].nonzero().flatten().tolist()) == sorted(expected)


def test_the_losses_are_those_of_each_cloud_and_angle() -> None:
    method = make(half_weight=2.0, kl_weight=0.5).double().eval()
    view = split(method)
    reconstruction = half = divergence = 0.0
    for cloud in view.to_data_list():
        moments = method.moments(pooled(method, cloud.pos))
        mean, log_variance = moments[0, :4].tolist(), moments[0, 4:].tolist()
        divergence += sum(0.5 * (m * m + math.exp(s) - 1 - s) for m, s in zip(mean, log_variance, strict=True))
        whole = method.decode_whole(torch.tensor([mean], dtype=torch.double))[0]
        reconstruction += chamfer_by_hand(whole.tolist(), cloud.pos.tolist())
        fronts = [pooled(method, cloud.pos[cloud.front[:, i]]) for i in range(3)]
        _, state = method.aggregate(torch.stack(fronts, dim=1))
        backs, _ = method.predict(state[0][:, None].repeat(1, 3, 1))
        for i in range(3):
            predicted = method.decode_half(backs[:, i])[0]
            half += chamfer_by_hand(predicted.tolist(), cloud.pos[~cloud.front[:, i]].tolist()) / 3
    losses = {name: loss.item() for name, loss in method({"split": view}).losses.items()}
    expected = {"reconstruction": reconstruction / 4, "half": 2 * half / 4, "divergence": 0.5 * divergence / 4}
    assert losses == pytest.approx(expected, rel=1e-5)


def test_the_latent_code_is_drawn_in_training_only() -> None:
    method = make(kl_weight=0.0).double()
    view = {"split": split(method)}
    method.eval()
    assert method(view).losses["reconstruction"] == method(view).losses["reconstruction"]
    method.train()
    assert method(view).losses["reconstruction"] != method(view).losses["reconstruction"]
    assert method(view).losses["half"] == method(view).losses["half"]


def test_the_variance_of_the_latent_code_is_learned() -> None:
    method = make().double()
    with torch.no_grad():
        method.moments.weight.zero_()
        method.moments.bias.copy_(torch.tensor([1.0, -2, 0, 3, *[2 * math.log(0.1)] * 4]))
    codes: list[torch.Tensor] = []
    method.decode_whole.register_forward_pre_hook(lambda _, inputs: codes.append(inputs[0]))
    view = {"split": split(method, 40)}
    for _ in range(25):
        method(view)
    drawn = torch.cat(codes)
    assert torch.allclose(drawn.mean(dim=0), torch.tensor([1.0, -2, 0, 3]).double(), atol=0.02)
    assert torch.allclose(drawn.std(dim=0), torch.full((4,), 0.1).double(), atol=0.01)


def test_back_halves_are_not_seen() -> None:
    method = make(num_angles=1).double().eval()
    predicted: list[torch.Tensor] = []
    method.decode_half.register_forward_pre_hook(lambda _, inputs: predicted.append(inputs[0]))
    view = split(method)
    for mask in (~view.front[:, 0], view.front[:, 0]):  # first the back halves move, then the front ones
        moved = view.clone()
        moved.pos = view.pos + torch.randn_like(view.pos) * mask[:, None]
        method({"split": view})
        method({"split": moved})
    before, back_moved, again, front_moved = predicted
    assert torch.equal(before, back_moved) and not torch.equal(again, front_moved)


@pytest.mark.parametrize(
    ("decoder", "argument", "got"),
    [
        ({**DECODER, "num_points": 10}, "num_points", 10),
        ({"name": "FoldingDecoder"}, "decoder", "FoldingDecoder"),
    ],
)
def test_a_decoder_that_cannot_be_built_twice_is_refused(decoder: Any, argument: str, got: Any) -> None:
    with raises(ConfigError, argument=argument, got=got):
        make(decoder=decoder)


@pytest.mark.parametrize("decoder", ["MLPDecoder", torch.nn.Identity()])
def test_a_decoder_that_is_no_config_is_refused_by_the_registry(decoder: Any) -> None:
    with raises(RegistryError):
        make(decoder=decoder)


def test_odd_numbers_of_points_are_refused() -> None:
    with raises(ConfigError, argument="num_points", got=11):
        make(num_points=11)
    view = Batch.from_data_list([Data(pos=torch.randn(n, 3), front=torch.zeros(n, 3)) for n in (4, 6)])
    with pytest.raises(ConfigError, match="same even number"):
        make()({"split": view})
