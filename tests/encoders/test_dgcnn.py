"""DGCNN: its layers, its options, and graphs in feature space."""

import warnings
from typing import Any

import numpy as np
import pytest
import torch
from helpers import assert_error, raises
from torch import Tensor, nn

from conclu_pyg import ENCODERS
from conclu_pyg.encoders.dgcnn import DGCNN
from conclu_pyg.errors import ArgumentError, ConcluWarning, RegistryError
from conclu_pyg.nn import EdgeConv

pytestmark = pytest.mark.usefixtures("terminal")


def draw(sizes: list[int]) -> tuple[Tensor, Tensor, int]:
    batch = torch.arange(len(sizes)).repeat_interleave(torch.tensor(sizes))
    return torch.randn(sum(sizes), 3, dtype=torch.double), batch, len(sizes)


def leaky(x: np.ndarray) -> np.ndarray:
    return np.where(x > 0, x, 0.2 * x)


def normalised(x: np.ndarray) -> np.ndarray:
    """Returns the result of an initial batch norm in training, over all axes but the last."""
    flat = x.reshape(-1, x.shape[-1])
    return (x - flat.mean(axis=0)) / np.sqrt(flat.var(axis=0) + 1e-5)


@pytest.mark.parametrize("sizes", [[9, 12], [11, 11], [3, 20]], ids=["ragged", "equal", "fewer than k"])
def test_it_is_edge_convolutions_over_moving_graphs_then_a_layer_over_all_of_them(sizes: list[int]) -> None:
    encoder = DGCNN(out_channels=16, k=5, channels=[6, 7]).double()
    pos, batch, batch_size = draw(sizes)
    clouds = np.split(np.arange(sum(sizes)), np.cumsum(sizes)[:-1])
    x, outputs = pos.numpy(), []
    for conv in encoder.convs:
        edges = []  # per point: its own row with those of its nearest neighbours, the point itself included
        for cloud in clouds:
            for i in cloud:
                distance = ((x[cloud] - x[i]) ** 2).sum(axis=1)
                edges += [(i, j) for j in cloud[distance.argsort()[:5]]]
        i, j = np.array(edges).T
        weight = conv.linear.weight.detach().numpy()
        message = leaky(normalised(np.concatenate([x[i], x[j] - x[i]], axis=1) @ weight.T))
        x = np.stack([message[i == point].max(axis=0) for point in range(len(x))])
        outputs.append(x)
    features = np.concatenate(outputs, axis=1)  # (M, 13)
    expected = leaky(normalised(features @ encoder.last.linear.weight.detach().numpy().T))
    points, pooled = encoder(pos, batch, batch_size)
    assert np.allclose(points.detach().numpy(), expected, atol=1e-9)
    assert np.allclose(pooled.detach().numpy(), [expected[cloud].max(axis=0) for cloud in clouds], atol=1e-9)


def test_by_default_it_is_that_of_its_paper() -> None:
    encoder = ENCODERS.build({"name": "DGCNN"})
    assert encoder.k == 20 and encoder.out_channels == 1024
    assert [conv.linear.weight.shape for conv in encoder.convs] == [(64, 6), (64, 128), (128, 128), (256, 256)]
    assert encoder.last.linear.weight.shape == (1024, 512)
    assert all(not isinstance(layer, nn.Linear) or layer.bias is None for layer in encoder.modules())


@pytest.mark.parametrize("sizes", [[20, 20], [20, 30]], ids=["equal", "ragged"])
def test_pool_equals_the_call(sizes: list[int]) -> None:
    encoder = DGCNN(out_channels=16, k=4).double()
    clouds = draw(sizes)
    assert torch.allclose(encoder.pool(*clouds), encoder(*clouds)[1])


def test_the_second_graph_is_that_of_the_features() -> None:
    asked: list[int] = []

    def neighbors(x: Tensor, k: int, batch: Tensor, batch_size: int) -> Tensor:
        asked.append(x.size(1))
        return torch.arange(len(x))[:, None].expand(-1, k)

    encoder = DGCNN(k=2, channels=[8, 9, 10], neighbors=neighbors).double()
    encoder(*draw([5, 6]))
    assert asked == [3, 8, 9]


@pytest.mark.parametrize("name", ["dense", "torch_cluster"])
def test_another_search_gives_the_same_features(name: str) -> None:
    if name == "torch_cluster":
        pytest.importorskip("torch_cluster", reason="torch-cluster is not installed")
    auto, clouds = DGCNN(out_channels=16, k=4).double(), draw([20, 30])
    other = DGCNN(out_channels=16, k=4, neighbors={"name": name}).double()
    other.load_state_dict(auto.state_dict())
    assert torch.allclose(auto(*clouds)[1], other(*clouds)[1])


@pytest.mark.parametrize("sizes", [[24, 24], [10, 30]], ids=["equal", "fewer than k"])
def test_trains_under_bfloat16_autocast(sizes: list[int]) -> None:
    encoder = DGCNN()
    pos, batch, batch_size = draw(sizes)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        pooled = encoder.pool(pos.float(), batch, batch_size)
    pooled.float().square().sum().backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in encoder.parameters())


@pytest.mark.parametrize(("sizes", "points"), [([4, 4], "4"), ([3, 3], "3"), ([2, 5], "3.5")])
def test_a_k_of_all_points_is_warned_about_once(sizes: list[int], points: str) -> None:
    encoder = DGCNN(out_channels=4, k=4, channels=[4]).double()
    with pytest.warns(ConcluWarning, match=rf"^DGCNN: expected k below .*, got k=4 for a mean of {points} points"):
        encoder.pool(*draw(sizes))
    with warnings.catch_warnings(action="error"):
        encoder.pool(*draw(sizes))


@pytest.mark.parametrize("sizes", [[5, 5], [3, 6]], ids=["equal", "larger on average"])
@pytest.mark.filterwarnings("error")
def test_a_k_below_the_number_of_points_is_not_warned_about(sizes: list[int]) -> None:
    DGCNN(out_channels=4, k=4, channels=[4]).double()(*draw(sizes))


def test_no_edge_convolution_materialises_the_edges() -> None:
    assert all(isinstance(conv, EdgeConv) for conv in DGCNN().convs)


@pytest.mark.parametrize(
    ("options", "argument", "got"),
    [
        ({"k": 0}, "k", 0),
        ({"channels": []}, "channels", []),
        ({"channels": [64, 0]}, "channels", 0),
        ({"out_channels": -1}, "out_channels", -1),
    ],
)
def test_sizes_below_1_are_refused(options: dict, argument: str, got: Any) -> None:
    with pytest.raises(ArgumentError) as error:
        ENCODERS.build({"name": "DGCNN", **options})
    assert_error(error, argument=argument, got=got)


def test_an_unknown_neighbour_search_is_refused() -> None:
    with raises(RegistryError, argument="name", got="dens"):
        ENCODERS.build({"name": "DGCNN", "neighbors": {"name": "dens"}})
