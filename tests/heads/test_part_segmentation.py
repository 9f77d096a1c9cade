"""Part segmentation heads: their inputs and errors."""

from typing import Any

import pytest
import torch
from helpers import assert_error
from torch import Tensor, nn
from torch.nn.functional import batch_norm, leaky_relu

from conclu_pyg import HEADS
from conclu_pyg.errors import ConfigError
from conclu_pyg.heads.part_segmentation import PartSegmentationHead

SIZES = {"layer_channels": [4, 3], "in_channels": 6, "num_classes": 3, "num_parts": 5}
NAMES = ["PartSegmentationHead", "PointNetPartHead", "DGCNNPartHead"]
by_name = pytest.mark.parametrize("name", NAMES)


def draw(sizes: tuple[int, ...] = (3, 7, 2)) -> tuple[list[Tensor], Tensor, Tensor, Tensor]:
    batch = torch.arange(len(sizes)).repeat_interleave(torch.tensor(sizes))
    layers = [torch.randn(len(batch), c, dtype=torch.double, requires_grad=True) for c in (4, 3)]
    return layers, torch.randn(len(sizes), 6, dtype=torch.double), torch.tensor([2, 0, 2]), batch


def build(name: str, **arguments: Any) -> PartSegmentationHead:
    head: PartSegmentationHead = HEADS.build({"name": name, **arguments}, SIZES).double()
    for layer in head.modules():
        if isinstance(layer, nn.BatchNorm1d):
            nn.init.normal_(layer.weight)
            nn.init.normal_(layer.bias)
    return head


def by_hand(head: PartSegmentationHead, slope: float, layers: list[Tensor], pooled: Tensor, kind: Tensor) -> Tensor:
    """Returns the concatenated features of points, clouds and categories."""

    def after(x: Tensor, norm: Any) -> Tensor:
        return leaky_relu(batch_norm(x, None, None, norm.weight, norm.bias, training=True), slope)

    weight = torch.cat([head.first.points.weight, head.first.clouds.weight], dim=1)
    x = after(torch.cat([*layers, pooled, kind], dim=1) @ weight.T, head.after_first[0])
    for layer in head.hidden:
        x = after(x @ layer[0].weight.T, layer[1])  # type: ignore[index]
    return x @ head.last.weight.T + head.last.bias


@pytest.mark.parametrize(("name", "slope"), [("PartSegmentationHead", 0.2), ("PointNetPartHead", 0.0)])
def test_reads_layers_pooled_feature_and_category_as_one_hot(name: str, slope: float) -> None:
    head, (layers, pooled, category, batch) = build(name, dropout=0.0), draw()
    kind = torch.zeros(3, 3, dtype=torch.double)
    kind[range(3), category] = 1
    expected = by_hand(head, slope, layers, pooled[batch], kind[batch])
    assert torch.allclose(head(layers, pooled, category, batch), expected) and expected.shape == (12, 5)


def test_dgcnns_reads_the_category_in_64_channels() -> None:
    head, (layers, pooled, category, batch) = build("DGCNNPartHead", dropout=0.0), draw()
    assert head.category is not None
    linear, norm = head.category[0], head.category[1]
    embedded = batch_norm(linear.weight.T[category], None, None, norm.weight, norm.bias, training=True)
    embedded = leaky_relu(embedded, 0.2)
    assert embedded.shape == (3, 64)
    expected = by_hand(head, 0.2, layers, pooled[batch], embedded[batch])
    assert torch.allclose(head(layers, pooled, category, batch), expected)


@pytest.mark.parametrize(
    ("name", "share"), [("PartSegmentationHead", 0.5), ("PointNetPartHead", 0.2), ("DGCNNPartHead", 0.5)]
)
def test_has_layers_256_256_and_128_and_dropout_after_the_first_two(name: str, share: float) -> None:
    head = build(name)
    assert [layer.out_features for layer in head.modules() if isinstance(layer, nn.Linear)][-3:] == [256, 128, 5]
    assert head.first.points.out_features == 256
    shares = [
        layer.p for part in (head.after_first, head.hidden) for layer in part.modules() if isinstance(layer, nn.Dropout)
    ]
    assert shares == [share, share, 0.0]


@by_name
def test_gradients_are_those_of_the_function(name: str) -> None:
    head, (layers, pooled, category, batch) = build(name).eval(), draw()
    pooled.requires_grad_()
    assert torch.autograd.gradcheck(lambda a, b, g: head([a, b], g, category, batch), (*layers, pooled), fast_mode=True)


@by_name
def test_in_evaluation_a_cloud_does_not_depend_on_its_batch(name: str) -> None:
    head, (layers, pooled, category, batch) = build(name).eval(), draw()
    together = head(layers, pooled, category, batch)
    for cloud in range(3):
        here = batch == cloud
        one = slice(cloud, cloud + 1)
        alone = head([x[here] for x in layers], pooled[one], category[one], batch[here] - cloud)
        assert torch.allclose(together[here], alone)


@by_name
def test_the_category_matters(name: str) -> None:
    head, (layers, pooled, category, batch) = build(name).eval(), draw()
    other = head(layers, pooled, torch.tensor([1, 0, 2]), batch)
    changed = (head(layers, pooled, category, batch) != other).any(dim=1)
    assert changed.tolist() == (batch == 0).tolist()


@pytest.mark.parametrize(
    ("argument", "value", "got"),
    [
        ("hidden_channels", [], []),
        ("hidden_channels", [0], 0),
        ("layer_channels", [3, 0], 0),
        ("layer_channels", [], []),
        ("in_channels", 0, 0),
        ("num_classes", 0, 0),
        ("num_parts", 0, 0),
        ("dropout", 1.0, 1.0),
        ("slope", 1.0, 1.0),
        ("category_channels", -1, -1),
    ],
)
def test_sizes_and_fractions_out_of_bounds_are_refused(argument: str, value: Any, got: Any) -> None:
    with pytest.raises(ConfigError) as error:
        PartSegmentationHead(**{**SIZES, argument: value})
    assert_error(error, argument=argument, got=got)
