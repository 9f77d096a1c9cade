"""Access to an encoder's pooled features and to the features of its layers."""

from typing import Any

import pytest
import torch
from helpers import raises
from torch import Tensor, nn
from torch_geometric.data import Batch, Data

from conclu_pyg.encoders.base import channels_of, layer_channels, layer_features, pooled_features
from conclu_pyg.errors import ConfigError

SIZES = [24, 31, 40]
POS = torch.randn(95, 3, generator=torch.Generator().manual_seed(0))
BATCH = torch.arange(3).repeat_interleave(torch.tensor(SIZES))


def clouds() -> Batch:
    return Batch.from_data_list([Data(pos=cloud) for cloud in POS.split(SIZES)])


def zeros(*shape: int) -> Tensor:
    return torch.zeros(shape)


class Users(nn.Module):
    """An encoder with only the required interface, and a layer stored as ``self.pool``."""

    out_channels = 4

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(3, 4)
        self.pool = nn.AdaptiveMaxPool1d(1)

    def forward(self, pos: Tensor, batch: Tensor, batch_size: int) -> tuple[Tensor, Tensor]:
        points = self.linear(pos)
        pooled = [self.pool(points[batch == i].t()).squeeze(1) for i in range(batch_size)]
        return points, torch.stack(pooled)


def mine(output: Any, method: str = "forward", **attributes: Any) -> nn.Module:
    """Returns an encoder of the class ``Mine`` with a method that returns ``output``."""
    members = {"out_channels": 4, method: lambda *_: output, **attributes}
    encoder: nn.Module = type("Mine", (nn.Module,), members)()
    return encoder


@pytest.mark.parametrize("channels", [None, 0, -1, 4.0, "4"])
def test_out_channels_must_be_a_positive_int(channels: Any) -> None:
    with raises(ConfigError, argument="out_channels", got=channels):
        channels_of(mine(None, out_channels=channels))
    assert channels_of(mine(None)) == 4


def test_without_pool_the_pooled_features_are_those_of_the_call_though_a_layer_is_stored_as_pool() -> None:
    encoder = Users()
    assert torch.equal(pooled_features(encoder, clouds()), encoder(POS, BATCH, 3)[1])


def test_pool_is_called_if_the_class_has_it() -> None:
    class Short(Users):
        def __init__(self) -> None:
            nn.Module.__init__(self)

        def pool(self, pos: Tensor, batch: Tensor, batch_size: int) -> Tensor:  # type: ignore[override]
            return pos.new_full((batch_size, 4), len(pos))

    assert torch.equal(pooled_features(Short(), clouds()), torch.full((3, 4), 95.0))


def test_without_layers_the_features_of_layers_are_the_per_point_ones_though_a_layer_is_stored_as_layers() -> None:
    encoder = Users()
    encoder.layers = nn.Identity()
    layers, pooled = layer_features(encoder, clouds())
    assert layer_channels(encoder) == [4] and len(layers) == 1 and torch.equal(layers[0], encoder.linear(POS))
    assert torch.equal(pooled, pooled_features(encoder, clouds()))


def test_layers_are_returned_as_they_are() -> None:
    output = [torch.randn(95, 5), torch.randn(95, 6)], torch.randn(3, 4)
    encoder = mine(output, "layers", layer_channels=(5, 6))
    layers, pooled = layer_features(encoder, clouds())
    assert layer_channels(encoder) == [5, 6] and layers is output[0] and pooled is output[1]


@pytest.mark.parametrize("sizes", [None, [], 4, [4, "5"], [4.0]])
def test_layers_without_a_list_of_their_channels_are_refused(sizes: Any) -> None:
    with pytest.raises(ConfigError) as error:
        layer_channels(mine(None, "layers", layer_channels=sizes))
    assert str(error.value) == (
        "Mine: expected layer_channels as a list of ints, the numbers of channels of the features that layers returns, "
        f"got {sizes!r}."
    )


def got(error: pytest.ExceptionInfo[ConfigError], expected: str) -> str:
    """Returns the description of the output in a message."""
    start, _, end = str(error.value).partition(", got ")
    assert start == f"Mine{expected}"
    return end


@pytest.mark.parametrize(
    ("output", "description"),
    [
        (([zeros(95, 5)], zeros(3, 4)), "a tuple of 2: (a list of 1: ({95, 5}), {3, 4})."),
        (([zeros(95, 6), zeros(95, 5)], zeros(3, 4)), "a tuple of 2: (a list of 2: ({95, 6}, {95, 5}), {3, 4})."),
        (
            ([zeros(95, 5), None], zeros(3, 4)),
            "a tuple of 2: (a list of 2: ({95, 5}, an object of type NoneType), {3, 4}).",
        ),
        (([zeros(95, 5), zeros(95, 6)], zeros(3, 5)), "a tuple of 2: (a list of 2: ({95, 5}, {95, 6}), {3, 5})."),
        ((zeros(95, 5), zeros(3, 4)), "a tuple of 2: ({95, 5}, {3, 4})."),
        (zeros(95, 5), "{95, 5}."),
    ],
)
def test_layers_of_other_shapes_are_refused(output: Any, description: str) -> None:
    with pytest.raises(ConfigError) as error:
        layer_features(mine(output, "layers", layer_channels=[5, 6]), clouds())
    expected = ".layers: expected a list of features of shapes [[95, 5], [95, 6]] and pooled features of shape [3, 4]"
    assert got(error, expected) == description.replace("{", "torch.float32 of shape [").replace("}", "]")


def test_per_point_features_of_another_shape_are_refused() -> None:
    with pytest.raises(ConfigError) as error:
        layer_features(mine((zeros(94, 4), zeros(3, 4))), clouds())
    expected = ": expected per-point features of shape [95, 4] and pooled features of shape [3, 4]"
    assert got(error, expected).startswith("a tuple of 2: (torch.float32 of shape [94, 4], ")


@pytest.mark.parametrize(
    "output",
    [
        zeros(3, 4),
        (zeros(3, 4), zeros(95, 4)),
        (zeros(95, 4), zeros(3, 5)),
        (zeros(95, 4),),
        (zeros(95, 4), None),
        {"pooled": zeros(3, 4)},
    ],
)
def test_pooled_features_of_another_shape_are_refused(output: Any) -> None:
    with pytest.raises(ConfigError) as error:
        pooled_features(mine(output), clouds())
    pair = ": expected a pair of per-point features and pooled features of shape [3, 4] (clouds, out_channels)"
    assert got(error, pair)
    with pytest.raises(ConfigError) as error:
        pooled_features(mine(zeros(3, 5), "pool"), clouds())
    expected = ".pool: expected pooled features of shape [3, 4] (clouds, out_channels)"
    assert got(error, expected) == "torch.float32 of shape [3, 5]."
