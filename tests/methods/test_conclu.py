"""ConClu as a whole: eq. 1 to 10, both readings of eq. 6, and where the gradients stop."""

import math
from typing import Any

import ot
import pytest
import torch
from helpers import raises
from torch import Tensor, nn
from torch_geometric.data import Batch, Data

from conclu_pyg import METHODS
from conclu_pyg.errors import ConfigError, RegistryError
from conclu_pyg.methods.base import clusters_of
from conclu_pyg.methods.conclu import ConClu
from conclu_pyg.nn import max_pool

Matrix = list[list[float]]
TEMPERATURE, EPSILON = 0.5, 0.2
READINGS = pytest.mark.parametrize("reading", ["swapped", "same_view"])


class Tiny(nn.Module):
    """The least that is an encoder."""

    out_channels = 6

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(3, 6)

    def forward(self, pos: Tensor, batch: Tensor, batch_size: int) -> tuple[Tensor, Tensor]:
        points = self.linear(pos)
        return points, max_pool(points, batch, batch_size)


def make(**options: Any) -> ConClu:
    """A method in double precision, whose plan converges and whose prototypes are neither unit nor orthogonal."""
    config = {
        "encoder": Tiny(),
        "projector": {"name": "ProjectionHead", "hidden_channels": 8, "out_channels": 5},
        "predictor": {"name": "PredictionHead", "hidden_channels": 7},
        "clusterer": {
            "name": "SinkhornClusterer",
            "num_prototypes": 3,
            "temperature": TEMPERATURE,
            "epsilon": EPSILON,
            "tolerance": 1e-12,
        },
    }
    method = METHODS.build({"name": "ConClu", **config, **options}).double()
    with torch.no_grad():
        method.clusterer.prototypes.normal_(std=2)
    return method


def draw(size: int = 7, dtype: torch.dtype = torch.double) -> dict[str, Batch]:
    """Two views of clouds of unequal sizes."""
    clouds = [torch.randn(4 + i % 3, 3, dtype=dtype) for i in range(size)]
    views = [[Data(pos=cloud + 0.2 * torch.randn_like(cloud)) for cloud in clouds] for _ in range(2)]
    return {name: Batch.from_data_list(view) for name, view in zip("ab", views, strict=True)}


def embed(method: ConClu, view: Batch) -> tuple[Matrix, Matrix]:
    """Eq. 1: z = g(max f(P)) and q = q(z)."""
    with torch.no_grad():
        points, _ = method.encoder(view.pos, view.batch, view.num_graphs)
        clouds = [points[view.batch == i].max(dim=0).values for i in range(view.num_graphs)]
        z = method.projector(torch.stack(clouds))
        return z.tolist(), method.predictor(z).tolist()


def cosine(a: list[float], b: list[float]) -> float:
    return sum(x * y for x, y in zip(a, b, strict=True)) / (math.hypot(*a) * math.hypot(*b))


def contrast_by_hand(q_a: Matrix, q_b: Matrix, z_a: Matrix, z_b: Matrix) -> float:
    """Eq. 2 to 4."""
    size = len(q_a)
    return sum(2 - 2 * cosine(q_a[i], z_b[i]) + 2 - 2 * cosine(q_b[i], z_a[i]) for i in range(size)) / size


def gamma_by_hand(q: Matrix, prototypes: Matrix) -> Matrix:
    """Eq. 5."""
    powers = [[math.exp(cosine(row, c) / TEMPERATURE) for c in prototypes] for row in q]
    return [[power / sum(row) for power in row] for row in powers]


def codes_by_hand(z: Matrix, prototypes: Matrix) -> Matrix:
    """Eq. 6 and 7, by POT, times B."""
    size, num = len(z), len(prototypes)
    cost = torch.tensor([[2 - 2 * cosine(row, c) for c in prototypes] for row in z], dtype=torch.double)
    rows, columns = (torch.full((n,), 1 / n, dtype=torch.double) for n in (size, num))
    return (size * ot.sinkhorn(rows, columns, cost, EPSILON, stopThr=1e-12)).tolist()


def cross_entropy_by_hand(q_a: Matrix, q_b: Matrix, s_a: Matrix, s_b: Matrix, prototypes: Matrix, swap: bool) -> float:
    """Eq. 9 without the regulariser: codes s supervise the predictions of the other view, or of their own."""
    gamma_a, gamma_b = gamma_by_hand(q_a, prototypes), gamma_by_hand(q_b, prototypes)
    target_a, target_b = (s_b, s_a) if swap else (s_a, s_b)
    total = 0.0
    for i in range(len(q_a)):
        for j in range(len(prototypes)):
            total -= target_a[i][j] * math.log(gamma_a[i][j]) + target_b[i][j] * math.log(gamma_b[i][j])
    return total / len(q_a)


def orthogonality_by_hand(prototypes: Matrix, reduction: str) -> float:
    """Eq. 8."""
    total = 0.0
    for i, a in enumerate(prototypes):
        for j, b in enumerate(prototypes):
            total += abs(cosine(a, b) - (i == j))
    return total / len(prototypes) ** 2 if reduction == "mean" else total


def losses_by_hand(method: ConClu, views: dict[str, Batch], frozen: tuple | None = None) -> tuple[dict, tuple]:
    """The three terms, and the constants among their inputs; those are taken from ``frozen`` where it is given."""
    (z_a, q_a), (z_b, q_b) = (embed(method, views[name]) for name in "ab")
    c = method.clusterer.prototypes.tolist()
    z_a, z_b, s_a, s_b = frozen or (z_a, z_b, codes_by_hand(z_a, c), codes_by_hand(z_b, c))
    losses = {
        "contrast": contrast_by_hand(q_a, q_b, z_a, z_b),
        "cluster": cross_entropy_by_hand(q_a, q_b, s_a, s_b, c, method.codes == "swapped"),
        "orthogonality": orthogonality_by_hand(c, method.orthogonality_reduction),
    }
    return losses, (z_a, z_b, s_a, s_b)


# Values


@READINGS
@pytest.mark.parametrize("reduction", ["sum", "mean"])
def test_the_terms_are_equations_1_to_9(reading: str, reduction: str) -> None:
    method, views = make(codes=reading, orthogonality_reduction=reduction), draw()
    losses = {name: loss.item() for name, loss in method(views).losses.items()}
    assert losses == pytest.approx(losses_by_hand(method, views)[0], rel=1e-6)


def test_the_two_readings_of_equation_6_differ_only_in_the_exchange_of_codes() -> None:
    swapped, views = make(), draw()
    same_view = make(codes="same_view")
    same_view.load_state_dict(swapped.state_dict())
    ours, theirs = swapped(views).losses, same_view(views).losses
    assert abs(ours["cluster"] - theirs["cluster"]) > 1e-4
    assert ours["contrast"] == theirs["contrast"] and ours["orthogonality"] == theirs["orthogonality"]
    same = dict.fromkeys("ab", views["a"])  # where the two views are one, the readings are too
    assert torch.allclose(swapped(same).losses["cluster"], same_view(same).losses["cluster"])


def test_the_total_is_equation_10_with_a_weight_for_each_term() -> None:
    views = draw()
    method = make(contrast_weight=2, cluster_weight=0.5, orthogonality_weight=0.25)
    by_hand = losses_by_hand(method, views)[0]
    total = sum(loss.item() for loss in method(views).losses.values())
    expected = 2 * by_hand["contrast"] + 0.5 * by_hand["cluster"] + 0.25 * by_hand["orthogonality"]
    assert total == pytest.approx(expected, rel=1e-6)


@READINGS
def test_exchanging_the_views_leaves_the_losses_as_they_are(reading: str) -> None:
    method, views = make(codes=reading), draw()
    there, back = method(views).losses, method({"a": views["b"], "b": views["a"]}).losses
    assert all(torch.allclose(there[name], back[name]) for name in there)


# Gradients


@READINGS
def test_gradients_take_the_targets_of_both_modules_for_constants(reading: str) -> None:
    method, views = make(codes=reading), draw(4)
    sum(method(views).losses.values()).backward()
    _, frozen = losses_by_hand(method, views)
    step = 1e-6
    for parameter in (method.encoder.linear.weight, method.clusterer.prototypes, method.predictor.last.bias):
        flat = parameter.detach().view(-1)  # shares the parameter's memory
        for i in range(len(flat)):
            ends = []
            for sign in (1, -1):
                flat[i] += sign * step
                ends.append(sum(losses_by_hand(method, views, frozen)[0].values()))
                flat[i] -= sign * step
            assert parameter.grad.view(-1)[i].item() == pytest.approx(
                (ends[0] - ends[1]) / (2 * step), rel=1e-5, abs=1e-6
            )


@READINGS
def test_gradients_reach_encoder_and_projector_only_through_the_predictor(reading: str) -> None:
    class Closed(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.scale = nn.Parameter(torch.randn(5))

        def forward(self, z: Tensor) -> Tensor:
            return self.scale * z.detach()

    method = make(codes=reading, predictor=Closed())
    sum(method(draw()).losses.values()).backward()
    assert method.predictor.scale.grad.any() and method.clusterer.prototypes.grad.any()
    assert all(p.grad is None for p in [*method.encoder.parameters(), *method.projector.parameters()])


def test_prototypes_receive_gradient_from_the_cluster_and_orthogonality_terms_alone() -> None:
    method = make()
    losses = method(draw()).losses
    c = method.clusterer.prototypes
    grads = {n: torch.autograd.grad(x, c, retain_graph=True, allow_unused=True)[0] for n, x in losses.items()}
    assert grads["contrast"] is None and grads["cluster"].any() and grads["orthogonality"].any()


def test_metrics_carry_no_gradient() -> None:
    metrics = make()(draw()).metrics
    names = {"projection_std", "prototype_usage", "prototype_entropy", "code_entropy", "code_agreement"}
    assert metrics.keys() == names and not any(value.requires_grad for value in metrics.values())


@pytest.mark.parametrize("weights", [{}, {"cluster_weight": 0.0}, {"contrast_weight": 0.0}])
def test_steps_against_the_gradient_lower_the_loss(weights: dict[str, float]) -> None:
    method, views = make(**weights), draw()
    optimizer = torch.optim.AdamW([p for p in method.parameters() if p.requires_grad], lr=0.01)
    totals = []
    for _ in range(30):
        total = sum(method(views).losses.values())
        optimizer.zero_grad()
        total.backward()
        optimizer.step()
        totals.append(total.item())
    assert totals[-1] < 0.9 * totals[0]


# Ablations: table 3


@pytest.mark.parametrize(
    ("weights", "terms"),
    [
        ({"cluster_weight": 0}, ["contrast"]),
        ({"contrast_weight": 0}, ["cluster", "orthogonality"]),
        ({}, ["contrast", "cluster", "orthogonality"]),
        ({"orthogonality_weight": 0}, ["contrast", "cluster"]),
        ({"contrast_weight": 0, "orthogonality_weight": 0}, ["cluster"]),
    ],
)
def test_a_weight_of_0_leaves_its_term_out(weights: dict[str, float], terms: list[str]) -> None:
    method, views = make(**weights), draw()
    losses, metrics = method(views)
    by_hand = losses_by_hand(method, views)[0]
    assert {n: loss.item() for n, loss in losses.items()} == pytest.approx({n: by_hand[n] for n in terms}, rel=1e-6)
    assert ("code_entropy" in metrics) == ("cluster" in terms)


def test_without_the_cluster_term_prototypes_are_no_parameters_to_train() -> None:
    method = make(cluster_weight=0.0)
    assert not method.clusterer.prototypes.requires_grad
    sum(method(draw()).losses.values()).backward()
    assert all(p.grad is not None for p in method.parameters() if p.requires_grad)


@pytest.mark.parametrize(
    "weights",
    [
        {"contrast_weight": -1.0},
        {"orthogonality_weight": -0.5},
        {"contrast_weight": math.nan},
        {"orthogonality_weight": math.nan},
        {"cluster_weight": math.inf},
    ],
)
def test_invalid_weights_are_refused(weights: dict[str, float]) -> None:
    ((argument, got),) = weights.items()
    with raises(ConfigError, argument=argument, got=got, expected="finite and >= 0"):
        make(**weights)


def test_a_loss_without_its_two_main_terms_is_refused() -> None:
    with pytest.raises(ConfigError) as error:
        make(contrast_weight=0, cluster_weight=0)
    assert str(error.value) == "ConClu: contrast_weight or cluster_weight must be > 0, got 0 for both."


@pytest.mark.parametrize("option", [{"codes": "swaped"}, {"orthogonality_reduction": "max"}])
def test_unknown_options_are_refused(option: dict[str, str]) -> None:
    with raises(RegistryError, argument=next(iter(option)), got=next(iter(option.values()))):
        make(**option)


@pytest.mark.parametrize("channels", [None, 0, -3, 6.0, "6"])
def test_an_encoder_without_the_size_of_its_features_is_refused(channels: Any) -> None:
    encoder = Tiny()
    encoder.out_channels = channels
    with raises(ConfigError, argument="out_channels", got=channels):
        make(encoder=encoder)


def test_an_encoder_that_pools_into_another_size_is_refused() -> None:
    encoder = Tiny()
    encoder.out_channels = 8
    with pytest.raises(ConfigError) as error:
        make(encoder=encoder)(draw())
    assert error.value.got.endswith(" of shape [7, 6])") and "[7, 8] (clouds, out_channels)" in str(error.value)


@pytest.mark.parametrize(
    ("part", "name", "key", "size"),
    [
        ("projector", "ProjectionHead", "in_channels", 6),
        ("predictor", "PredictionHead", "channels", 256),
        ("clusterer", "SinkhornClusterer", "channels", 256),
    ],
)
def test_a_config_may_repeat_a_derived_size_but_not_contradict_it(part: str, name: str, key: str, size: int) -> None:
    paper(**{part: {"name": name, key: size}})
    with raises(RegistryError, argument=key, got=size + 1, expected=repr(size)):
        paper(**{part: {"name": name, key: size + 1}})


# Hard batches


def paper(**options: Any) -> ConClu:
    """The method with the paper's clusterer (J = 32, tau = 0.01) in float32."""
    return METHODS.build({"name": "ConClu", "encoder": Tiny(), **options})


@pytest.mark.parametrize("autocast", [False, True], ids=["float32", "bfloat16"])
@pytest.mark.parametrize("size", [2, 3, 40])
def test_any_batch_of_two_or_more_gives_finite_losses_and_gradients(size: int, autocast: bool) -> None:
    method, views = paper(), draw(size, torch.float32)
    with torch.autocast("cpu", dtype=torch.bfloat16, enabled=autocast):
        losses, metrics = method(views)
        total = sum(losses.values())
    total.backward()
    assert total.dtype == torch.float32
    assert all(value.isfinite() for value in [*losses.values(), *metrics.values()])
    assert all(p.grad is not None and p.grad.isfinite().all() for p in method.parameters())


def test_bfloat16_gives_nearly_the_losses_of_float32() -> None:
    method, views = paper(), draw(40, torch.float32)
    plain = method(views).losses
    with torch.autocast("cpu", dtype=torch.bfloat16):
        cast = method(views).losses
    assert cast["contrast"].item() == pytest.approx(plain["contrast"].item(), rel=0.05)
    assert cast["cluster"].item() == pytest.approx(plain["cluster"].item(), rel=0.1)
    assert cast["orthogonality"].item() == plain["orthogonality"].item()


def test_predictions_that_are_prototypes_or_their_opposites_give_finite_losses() -> None:
    class ToPrototypes(nn.Module):
        def forward(self, z: Tensor) -> Tensor:
            return torch.cat([method.clusterer.prototypes[:4], -method.clusterer.prototypes[:4]]) + 0 * z

    method = paper(predictor=ToPrototypes())
    losses = method(draw(8, torch.float32)).losses
    sum(losses.values()).backward()
    assert all(loss.isfinite() for loss in losses.values())
    assert all(p.grad is None or p.grad.isfinite().all() for p in method.parameters())


def test_a_batch_of_one_cloud_again_and_again_gives_finite_losses_and_shows_collapse() -> None:
    view = Batch.from_data_list([Data(pos=torch.ones(5, 3))] * 8)  # the norms send it to 0
    method = paper()
    losses, metrics = method({"a": view, "b": view})
    sum(losses.values()).backward()
    assert all(value.isfinite() for value in [*losses.values(), *metrics.values()])
    assert all(p.grad is None or p.grad.isfinite().all() for p in method.parameters())
    assert metrics["projection_std"] < 1e-3


def test_a_cloud_that_is_twice_in_a_batch_is_assigned_twice_alike() -> None:
    clouds = [torch.randn(6, 3, dtype=torch.double) for _ in range(7)]
    clouds[5] = clouds[2]
    view = Batch.from_data_list([Data(pos=cloud) for cloud in clouds])
    method = make()
    z = torch.tensor(embed(method, view)[0], dtype=torch.double)
    codes = method.clusterer.codes(z)
    assert torch.allclose(codes[5], codes[2]) and not torch.allclose(codes[5], codes[3])
    assigned = method.assign(view)
    assert torch.allclose(assigned[5], assigned[2])


def test_assigns_clouds_softly_by_their_predictions() -> None:
    method, view = make(), draw()["a"]
    expected = gamma_by_hand(embed(method, view)[1], method.clusterer.prototypes.tolist())
    log_gamma = method.assign(view)
    assert not log_gamma.requires_grad
    assert torch.allclose(log_gamma.exp(), torch.tensor(expected, dtype=torch.double))


# Self-description


@pytest.mark.parametrize(
    ("weights", "names", "clusters"),
    [
        ({}, ["contrast", "cluster", "orthogonality"], 8),
        ({"contrast_weight": 0.0, "orthogonality_weight": 0.0}, ["cluster"], 8),
        ({"cluster_weight": 0.0, "orthogonality_weight": 0.0}, ["contrast"], 0),
        ({"cluster_weight": 0.0}, ["contrast"], 0),
    ],
)
def test_it_names_its_losses_and_has_clusters_only_where_it_trains_them(
    weights: dict[str, float], names: list[str], clusters: int
) -> None:
    clusterer = {"name": "SinkhornClusterer", "num_prototypes": 8}
    method = METHODS.build({"name": "ConClu", "encoder": {"name": "PointNet"}, "clusterer": clusterer, **weights})
    assert (method.loss_names(), method.num_clusters) == (names, clusters)
    assert method.min_batch_size() == (8 if clusters else 2)
    assert (clusters_of(method) is method) == bool(clusters)
    one_cluster = {"projection_std": 0.9, "prototype_usage": 1 / 8}
    assert len(method.warnings(one_cluster)) == bool(clusters)
    assert len(method.warnings({"projection_std": 0.01})) == 1


def test_its_warnings_name_its_own_options() -> None:
    method = paper()
    (collapsed,) = method.warnings({"projection_std": 0.01})
    (unused,) = method.warnings({"prototype_usage": 1 / 32})
    (uniform,) = method.warnings({"code_entropy": 0.97 * math.log(32)})
    assert "raise model.cluster_weight" in collapsed
    assert "raise model.orthogonality_weight" in unused and "lower model.clusterer.epsilon" in uniform
