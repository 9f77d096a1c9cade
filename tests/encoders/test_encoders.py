"""What holds for every encoder: what is registered is tested by being registered."""

import re
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch_geometric.data import Batch, Data

from conclu_pyg import ENCODERS
from conclu_pyg.encoders.base import layer_channels, layer_features, pooled_features
from conclu_pyg.errors import ConfigError

EQUAL, RAGGED = [24, 24, 24], [24, 31, 40]
by_sizes = pytest.mark.parametrize("sizes", [EQUAL, RAGGED], ids=["equal", "ragged"])


@pytest.fixture(params=list(ENCODERS))
def encoder(request: pytest.FixtureRequest) -> nn.Module:
    """Each registered encoder in double precision, with weights and statistics that have left their start."""
    encoder = ENCODERS.build({"name": request.param}).double()
    with torch.no_grad():
        for parameter in encoder.parameters():
            parameter += 0.1 * torch.randn_like(parameter)
        for layer in encoder.modules():
            if isinstance(layer, nn.modules.batchnorm._BatchNorm):
                layer.running_mean.normal_(std=0.1)  # type: ignore[union-attr]
                layer.running_var.uniform_(0.5, 2)  # type: ignore[union-attr]
    return encoder


def draw(sizes: list[int]) -> tuple[Tensor, Tensor, int]:
    batch = torch.arange(len(sizes)).repeat_interleave(torch.tensor(sizes))
    return torch.randn(sum(sizes), 3, dtype=torch.double), batch, len(sizes)


def as_batch(pos: Tensor, sizes: list[int]) -> Batch:
    return Batch.from_data_list([Data(pos=cloud) for cloud in pos.split(sizes)])


@by_sizes
def test_gives_per_point_and_pooled_features_of_its_out_channels(encoder: nn.Module, sizes: list[int]) -> None:
    points, pooled = encoder(*draw(sizes))
    assert points.shape == (sum(sizes), encoder.out_channels) and pooled.shape == (3, encoder.out_channels)
    assert points.dtype == pooled.dtype == torch.double
    assert points.isfinite().all() and pooled.isfinite().all()


@pytest.mark.parametrize("name", list(ENCODERS))
def test_has_the_papers_1024_channels_at_first_and_works_in_float32(name: str) -> None:
    encoder = ENCODERS.build({"name": name})
    pos, batch, batch_size = draw(EQUAL)
    points, pooled = encoder(pos.float(), batch, batch_size)
    assert encoder.out_channels == 1024 and points.dtype == pooled.dtype == torch.float32


@by_sizes
def test_every_parameter_and_point_receives_a_finite_gradient(encoder: nn.Module, sizes: list[int]) -> None:
    pos, batch, batch_size = draw(sizes)
    points, pooled = encoder(pos.requires_grad_(), batch, batch_size)
    (points * torch.randn_like(points)).sum().backward(retain_graph=True)
    (pooled * torch.randn_like(pooled)).sum().backward()
    for name, parameter in [("pos", pos), *encoder.named_parameters()]:
        assert parameter.grad is not None and parameter.grad.isfinite().all() and parameter.grad.any(), name


@by_sizes
@pytest.mark.parametrize("training", [True, False])
def test_gradients_are_those_of_the_function(encoder: nn.Module, sizes: list[int], training: bool) -> None:
    pos, batch, batch_size = draw(sizes)
    encoder.train(training)
    assert torch.autograd.gradcheck(lambda x: encoder(x, batch, batch_size), pos.requires_grad_(), fast_mode=True)


@by_sizes
@pytest.mark.parametrize("training", [True, False])
def test_the_order_of_points_changes_only_theirs(encoder: nn.Module, sizes: list[int], training: bool) -> None:
    pos, batch, batch_size = draw(sizes)
    encoder.train(training)
    starts = [sum(sizes[:i]) for i in range(len(sizes))]
    order = torch.cat([start + torch.randperm(size) for start, size in zip(starts, sizes, strict=True)])
    points, pooled = encoder(pos, batch, batch_size)
    shuffled_points, shuffled_pooled = encoder(pos[order], batch, batch_size)
    assert torch.allclose(shuffled_points, points[order]) and torch.allclose(shuffled_pooled, pooled)


@by_sizes
def test_in_evaluation_a_cloud_has_the_features_that_it_has_alone(encoder: nn.Module, sizes: list[int]) -> None:
    encoder.eval()
    pos, batch, batch_size = draw(sizes)
    points, pooled = encoder(pos, batch, batch_size)
    alone = [encoder(cloud, torch.zeros(len(cloud), dtype=torch.long), 1) for cloud in pos.split(sizes)]
    assert torch.allclose(points, torch.cat([one[0] for one in alone]))
    assert torch.allclose(pooled, torch.cat([one[1] for one in alone]))


@by_sizes
def test_evaluation_repeats_itself_and_changes_no_statistics(encoder: nn.Module, sizes: list[int]) -> None:
    encoder.eval()
    before = {name: value.clone() for name, value in encoder.state_dict().items()}
    clouds = draw(sizes)
    assert torch.equal(encoder(*clouds)[1], encoder(*clouds)[1])
    assert all(torch.equal(value, before[name]) for name, value in encoder.state_dict().items())


@by_sizes
def test_different_clouds_have_different_features(encoder: nn.Module, sizes: list[int]) -> None:
    pooled = encoder.eval()(*draw(sizes))[1]
    assert not torch.allclose(pooled[0], pooled[1], atol=1e-3)


@by_sizes
@pytest.mark.parametrize("training", [True, False])
def test_the_short_way_to_pooled_features_gives_the_same(encoder: nn.Module, sizes: list[int], training: bool) -> None:
    encoder.train(training)
    pos, batch, batch_size = draw(sizes)
    state = {name: value.clone() for name, value in encoder.state_dict().items()}
    after, results = [], []
    for way in ("short", "plain"):
        encoder.load_state_dict(state)
        short = way == "short"
        pooled = pooled_features(encoder, as_batch(pos, sizes)) if short else encoder(pos, batch, batch_size)[1]
        weighted = (pooled * torch.linspace(-1, 1, pooled.numel()).view_as(pooled)).sum()
        results.append([pooled, *torch.autograd.grad(weighted, list(encoder.parameters()))])
        after.append({name: value.clone() for name, value in encoder.state_dict().items()})
    for ours, theirs in zip(*results, strict=True):
        assert torch.allclose(ours, theirs, rtol=1e-6, atol=1e-8)
    assert all(torch.allclose(value, after[1][name]) for name, value in after[0].items())


# What a caller that labels points asks of an encoder


@by_sizes
@pytest.mark.parametrize("training", [True, False])
def test_the_features_of_its_layers_have_the_sizes_that_it_says_beside_the_same_pooled_ones(
    encoder: nn.Module, sizes: list[int], training: bool
) -> None:
    encoder.train(training)
    pos = draw(sizes)[0]
    layers, pooled = layer_features(encoder, as_batch(pos, sizes))
    assert [list(x.shape) for x in layers] == [[sum(sizes), size] for size in layer_channels(encoder)]
    assert all(x.isfinite().all() and x.dtype == torch.double for x in layers)
    assert torch.allclose(pooled, pooled_features(encoder, as_batch(pos, sizes)))


@by_sizes
def test_the_features_of_layers_follow_the_order_of_points_and_need_no_other_cloud(
    encoder: nn.Module, sizes: list[int]
) -> None:
    encoder.eval()
    pos = draw(sizes)[0]
    together = [x.split(sizes) for x in layer_features(encoder, as_batch(pos, sizes))[0]]
    for i, cloud in enumerate(pos.split(sizes)):
        order = torch.randperm(len(cloud))
        alone = layer_features(encoder, as_batch(cloud[order], [len(cloud)]))[0]
        for ours, one in zip(together, alone, strict=True):
            assert torch.allclose(ours[i][order], one)


@by_sizes
def test_every_point_has_a_gradient_through_each_layer(encoder: nn.Module, sizes: list[int]) -> None:
    pos = draw(sizes)[0].requires_grad_()
    for x in layer_features(encoder, as_batch(pos, sizes))[0]:
        (gradient,) = torch.autograd.grad((x * torch.randn_like(x)).sum(), pos, retain_graph=True)
        assert gradient.isfinite().all() and gradient.any()


def test_an_encoder_without_layers_gives_its_per_point_features() -> None:
    encoder = Users()
    encoder.layers = nn.Identity()  # a layer that is called so is not meant
    pos = draw(RAGGED)[0].float()
    layers, pooled = layer_features(encoder, as_batch(pos, RAGGED))
    assert layer_channels(encoder) == [4] and len(layers) == 1 and torch.equal(layers[0], encoder.linear(pos))
    assert torch.equal(pooled, pooled_features(encoder, as_batch(pos, RAGGED)))


@pytest.mark.parametrize("sizes", [None, [], 4, [4, "5"], [4.0]])
def test_layers_without_a_list_of_their_sizes_are_refused(sizes: Any) -> None:
    users: Any = type("Mine", (nn.Module,), {"layers": lambda *_: None, "out_channels": 4, "layer_channels": sizes})
    with pytest.raises(ConfigError) as error:
        layer_channels(users())
    assert str(error.value) == (
        f"Mine has the method layers, so its layer_channels must list the sizes of their features, found {sizes!r}."
    )


LAYERS = (
    "Mine.layers must give a list of features of shapes [[95, 5], [95, 6]] and pooled features of shape [3, 4], found"
)


@pytest.mark.parametrize(
    ("output", "found"),
    [
        (
            ([torch.zeros(95, 5)], torch.zeros(3, 4)),
            "a tuple of 2: (a list of 1: (a tensor of shape [95, 5]), a tensor of shape [3, 4])",
        ),
        (
            ([torch.zeros(95, 6), torch.zeros(95, 5)], torch.zeros(3, 4)),
            "a tuple of 2: (a list of 2: (a tensor of shape [95, 6], a tensor of shape [95, 5]), a tensor of shape "
            "[3, 4])",
        ),
        (
            ([torch.zeros(95, 5), None], torch.zeros(3, 4)),
            "a tuple of 2: (a list of 2: (a tensor of shape [95, 5], an object of type NoneType), a tensor of shape "
            "[3, 4])",
        ),
        (
            ([torch.zeros(95, 5), torch.zeros(95, 6)], torch.zeros(3, 5)),
            "a tuple of 2: (a list of 2: (a tensor of shape [95, 5], a tensor of shape [95, 6]), a tensor of shape "
            "[3, 5])",
        ),
        (
            (torch.zeros(95, 5), torch.zeros(3, 4)),
            "a tuple of 2: (a tensor of shape [95, 5], a tensor of shape [3, 4])",
        ),
        (torch.zeros(95, 5), "a tensor of shape [95, 5]"),
    ],
)
def test_layers_that_give_something_else_are_told_what_is_expected(output: Any, found: str) -> None:
    mine = {"layers": lambda *_: output, "out_channels": 4, "layer_channels": [5, 6]}
    with pytest.raises(ConfigError) as error:
        layer_features(type("Mine", (nn.Module,), mine)(), as_batch(draw(RAGGED)[0], RAGGED))
    assert str(error.value) == f"{LAYERS} {found}."


def test_per_point_features_of_another_shape_are_told_what_is_expected() -> None:
    with pytest.raises(ConfigError) as error:
        layer_features(answering((torch.zeros(94, 4), torch.zeros(3, 4))), as_batch(draw(RAGGED)[0], RAGGED))
    assert str(error.value) == (
        "Mine must give per-point features of shape [95, 4] and pooled features of shape [3, 4], found a tuple of 2: "
        "(a tensor of shape [94, 4], a tensor of shape [3, 4])."
    )


# What a caller that needs only pooled features asks of an encoder that a user wrote


class Users(nn.Module):
    """An encoder that has no more than the interface, and a layer by the name of the short way."""

    out_channels = 4

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(3, 4)
        self.pool = nn.AdaptiveMaxPool1d(1)

    def forward(self, pos: Tensor, batch: Tensor, batch_size: int) -> tuple[Tensor, Tensor]:
        points = self.linear(pos)
        clouds = [self.pool(points[batch == i].t()).squeeze(1) for i in range(batch_size)]
        return points, torch.stack(clouds)


def test_an_encoder_needs_no_short_way_and_may_name_a_layer_like_it() -> None:
    encoder = Users()
    pos, batch, batch_size = draw(RAGGED)
    pooled = pooled_features(encoder, as_batch(pos.float(), RAGGED))
    assert torch.equal(pooled, encoder(pos.float(), batch, batch_size)[1])


def test_the_short_way_is_taken_where_there_is_one() -> None:
    class Short(Users):
        def pool(self, pos: Tensor, batch: Tensor, batch_size: int) -> Tensor:  # type: ignore[override]
            return pos.new_full((batch_size, 4), len(pos))

        def __init__(self) -> None:
            nn.Module.__init__(self)

    assert torch.equal(pooled_features(Short(), as_batch(draw(RAGGED)[0], RAGGED)), torch.full((3, 4), 95.0).double())


def answering(output: Any, out_channels: Any = 4, *, short: bool = False) -> nn.Module:
    """An encoder that gives the same whatever it is asked."""
    way = "pool" if short else "forward"
    users = type("Mine", (nn.Module,), {way: lambda *_: output, "out_channels": out_channels})
    encoder: nn.Module = users()
    return encoder


PAIR = "must give a pair, per-point features and pooled features of shape [3, 4] (clouds, out_channels), found"


@pytest.mark.parametrize(
    ("output", "found"),
    [
        (torch.zeros(3, 4), "a tensor of shape [3, 4]"),
        (
            (torch.zeros(3, 4), torch.zeros(95, 4)),
            "a tuple of 2: (a tensor of shape [3, 4], a tensor of shape [95, 4])",
        ),
        (
            (torch.zeros(95, 4), torch.zeros(3, 5)),
            "a tuple of 2: (a tensor of shape [95, 4], a tensor of shape [3, 5])",
        ),
        ((torch.zeros(95, 4),), "a tuple of 1: (a tensor of shape [95, 4])"),
        ((torch.zeros(95, 4), None), "a tuple of 2: (a tensor of shape [95, 4], an object of type NoneType)"),
        ({"pooled": torch.zeros(3, 4)}, "an object of type dict"),
    ],
)
def test_an_encoder_that_gives_something_else_is_told_what_is_expected(output: Any, found: str) -> None:
    with pytest.raises(ConfigError, match=f"^{re.escape(f'Mine {PAIR} {found}.')}$"):
        pooled_features(answering(output), as_batch(draw(RAGGED)[0], RAGGED))


def test_a_short_way_that_gives_something_else_is_told_what_is_expected() -> None:
    with pytest.raises(ConfigError, match=r"^Mine\.pool must give pooled features of shape \[3, 4\] .* \[3, 5\]\.$"):
        pooled_features(answering(torch.zeros(3, 5), short=True), as_batch(draw(RAGGED)[0], RAGGED))


@pytest.mark.parametrize("name", list(ENCODERS))
@pytest.mark.parametrize("channels", [0, -1])
def test_a_size_below_1_is_refused(name: str, channels: int) -> None:
    with pytest.raises(ConfigError, match=f"^{name} takes out_channels of at least 1, found {channels}.$"):
        ENCODERS.build({"name": name, "out_channels": channels})
