"""Eq. 5 to 7: soft assignments to prototypes, and codes by optimal transport."""

import math

import ot
import pytest
import torch
from helpers import assert_error, raises
from torch import Tensor

from conclu_pyg import CLUSTERERS
from conclu_pyg.clusterers.sinkhorn import SinkhornClusterer, sinkhorn
from conclu_pyg.errors import ConfigError, DataError


def cosines_by_hand(x: Tensor, prototypes: Tensor) -> list[list[float]]:
    def cosine(a: list[float], b: list[float]) -> float:
        return sum(u * v for u, v in zip(a, b, strict=True)) / (math.hypot(*a) * math.hypot(*b))

    return [[cosine(row, c) for c in prototypes.tolist()] for row in x.tolist()]


def log_softmax_by_hand(logits: list[float]) -> list[float]:
    top = max(logits)
    return [logit - top - math.log(sum(math.exp(other - top) for other in logits)) for logit in logits]


def log_gamma_by_hand(q: Tensor, prototypes: Tensor, temperature: float) -> Tensor:
    rows = [log_softmax_by_hand([c / temperature for c in row]) for row in cosines_by_hand(q, prototypes)]
    return torch.tensor(rows, dtype=torch.double)


def uniform(size: int) -> Tensor:
    return torch.full((size,), 1 / size, dtype=torch.double)


def transport_by_pot(cost: Tensor, epsilon: float) -> Tensor:
    rows, columns = cost.shape
    method = "sinkhorn" if epsilon > 0.1 else "sinkhorn_log"
    return ot.sinkhorn(
        uniform(rows), uniform(columns), cost.double(), epsilon, method=method, numItermax=100_000, stopThr=1e-13
    )


def make(num_prototypes: int = 4, channels: int = 5, **options: float) -> SinkhornClusterer:
    """A clusterer in double precision whose prototypes are neither of length 1 nor orthogonal."""
    clusterer = SinkhornClusterer(num_prototypes, channels, **options).double()  # type: ignore[arg-type]
    with torch.no_grad():
        clusterer.prototypes.copy_(2 * torch.randn(num_prototypes, channels))
    return clusterer


# The plan


@pytest.mark.parametrize("shape", [(7, 4), (3, 8), (1, 4)])
@pytest.mark.parametrize("epsilon", [0.5, 0.1, 0.02])
def test_the_converged_plan_is_that_of_pot(shape: tuple[int, int], epsilon: float) -> None:
    cost = torch.rand(shape, dtype=torch.double)
    plan = sinkhorn(cost, epsilon, num_iters=2000)
    assert torch.allclose(plan, transport_by_pot(cost, epsilon), atol=1e-8)


def test_a_tiny_epsilon_gives_the_cost_of_exact_transport() -> None:
    cost = 4 * torch.rand(8, 4, dtype=torch.double)
    exact = ot.emd2(uniform(8).numpy(), uniform(4).numpy(), cost.numpy())
    assert (sinkhorn(cost, 1e-3, num_iters=1000) * cost).sum().item() == pytest.approx(exact, abs=1e-3 * math.log(32))


@pytest.mark.parametrize("num_iters", [1, 3])
def test_each_iteration_scales_the_columns_and_then_the_rows(num_iters: int) -> None:
    cost = torch.rand(5, 3, dtype=torch.double)
    plan = [[math.exp(-c / 0.2) for c in row] for row in cost.tolist()]
    for _ in range(num_iters):
        columns = [sum(row[j] for row in plan) for j in range(3)]
        plan = [[row[j] / columns[j] / 3 for j in range(3)] for row in plan]
        plan = [[s / sum(row) / 5 for s in row] for row in plan]
    assert torch.allclose(sinkhorn(cost, 0.2, num_iters), torch.tensor(plan, dtype=torch.double), rtol=1e-12)


def test_rows_meet_their_marginal_at_once_and_columns_with_the_iterations() -> None:
    cost = torch.rand(10, 4, dtype=torch.double)
    excess = []
    for num_iters in (1, 10, 100, 1000):
        plan = sinkhorn(cost, 0.1, num_iters)
        assert torch.allclose(plan.sum(dim=1), uniform(10), rtol=1e-12)
        excess.append((plan.sum(dim=0) - uniform(4)).abs().max().item())
    assert excess[0] > 1e-2 > 1e-3 > excess[2] and excess[-1] < 1e-9


@pytest.mark.parametrize("epsilon", [1e-3, 1e-6])
@pytest.mark.parametrize("scale", [4.0, 1e4])
def test_extreme_costs_stay_finite_in_float32(epsilon: float, scale: float) -> None:
    cost = scale * torch.rand(16, 4).round()
    cost[:, 0] = 0
    cost[3] = scale
    plan = sinkhorn(cost, epsilon, num_iters=50)
    assert plan.dtype == torch.float32 and plan.isfinite().all() and (plan >= 0).all()
    assert torch.allclose(plan.sum(dim=1), torch.full((16,), 1 / 16), rtol=1e-2)


@pytest.mark.parametrize("epsilon", [0.5, 0.05, 1e-3])
@pytest.mark.parametrize("shape", [(64, 32), (5, 9)])
def test_any_number_of_iterations_is_that_of_the_log_domain(epsilon: float, shape: tuple[int, int]) -> None:
    cost = 4 * torch.rand(shape, dtype=torch.double).square()
    rows, columns = shape
    log_plan = -cost / epsilon
    for num_iters in range(1, 90):
        log_plan = log_plan - log_plan.logsumexp(dim=0, keepdim=True) - math.log(columns)
        log_plan = log_plan - log_plan.logsumexp(dim=1, keepdim=True) - math.log(rows)
        if num_iters in (1, 2, 19, 20, 21, 22, 41, 42, 89):
            assert torch.allclose(sinkhorn(cost, epsilon, num_iters), log_plan.exp(), rtol=1e-7, atol=1e-14)
            single = sinkhorn(cost.float(), epsilon, num_iters)
            assert torch.allclose(single.double(), log_plan.exp(), rtol=0.02, atol=1e-6)


@pytest.mark.parametrize("tolerance", [0.1, 0.005, 1e-5])
@pytest.mark.parametrize("dtype", [torch.float, torch.double])
def test_iterations_end_at_the_tolerance_and_at_their_number(tolerance: float, dtype: torch.dtype) -> None:
    cost = 2 * torch.rand(128, 32, dtype=dtype)
    plan = sinkhorn(cost, 0.01, 100_000, tolerance)
    excess = (32 * plan.sum(dim=0) - 1).abs().max()
    assert excess <= 1.01 * tolerance and not torch.equal(plan, sinkhorn(cost, 0.01, 100_000, tolerance / 1000))
    few = sinkhorn(cost, 0.01, 3, tolerance)
    assert torch.equal(few, sinkhorn(cost, 0.01, 3)) and (32 * few.sum(dim=0) - 1).abs().max() > tolerance


def test_costs_in_16_bits_are_solved_in_float32() -> None:
    cost = (4 * torch.rand(6, 4)).bfloat16()
    plan = sinkhorn(cost, 0.05, num_iters=200)
    assert plan.dtype == torch.float32 and torch.allclose(plan, sinkhorn(cost.float(), 0.05, num_iters=200))


# Codes: eq. 6 and 7


@pytest.mark.parametrize("size", [2, 9])
@pytest.mark.parametrize("epsilon", [0.5, 0.05])
def test_codes_are_the_plan_of_pot_times_the_batch_size(size: int, epsilon: float) -> None:
    clusterer = make(epsilon=epsilon, num_iters=2000, tolerance=1e-12)
    z = torch.randn(size, 5, dtype=torch.double)
    cost = torch.tensor([[2 - 2 * c for c in row] for row in cosines_by_hand(z, clusterer.prototypes)])
    codes = clusterer.codes(z)
    assert torch.allclose(codes, size * transport_by_pot(cost.double(), epsilon), atol=1e-6)
    assert torch.allclose(codes.sum(dim=1), torch.ones(size, dtype=torch.double))
    assert torch.allclose(codes.sum(dim=0), torch.full((4,), size / 4, dtype=torch.double))


def test_a_batch_smaller_than_the_prototypes_has_codes() -> None:
    clusterer = SinkhornClusterer()
    for size in (1, 2, 31):
        codes = clusterer.codes(torch.randn(size, 256))
        assert codes.shape == (size, 32) and codes.isfinite().all()
        assert torch.allclose(codes.sum(dim=1), torch.ones(size), atol=1e-4)


def test_a_cloud_that_is_twice_in_a_batch_has_the_same_codes_twice() -> None:
    z = torch.randn(8, 5, dtype=torch.double)
    z[6] = z[1]
    codes = make().codes(z)
    assert torch.allclose(codes[6], codes[1]) and not torch.allclose(codes[6], codes[2])


def test_codes_follow_the_order_of_the_batch_and_not_the_length_of_projections() -> None:
    clusterer, z, order = make(), torch.randn(8, 5, dtype=torch.double), torch.randperm(8)
    codes = clusterer.codes(z)
    assert torch.allclose(clusterer.codes(z[order]), codes[order])
    assert torch.allclose(clusterer.codes(3 * z), codes)


def test_codes_carry_no_gradient() -> None:
    z = torch.randn(8, 5, dtype=torch.double, requires_grad=True)
    assert not make().codes(z).requires_grad


def test_a_smaller_epsilon_gives_harder_codes() -> None:
    z = torch.randn(64, 256)
    entropy = []
    for epsilon in (1.0, 0.1, 0.01, 0.001):
        codes = SinkhornClusterer(epsilon=epsilon).codes(z)
        entropy.append(-torch.special.xlogy(codes, codes).sum(dim=1).mean().item())
    assert entropy == sorted(entropy, reverse=True) and entropy[0] > 0.99 * math.log(32) and entropy[-1] < 1


# Soft assignments: eq. 5


@pytest.mark.parametrize("temperature", [1, 0.1, 0.01])
def test_the_soft_assignment_is_equation_5(temperature: float) -> None:
    clusterer = make(temperature=temperature)
    q = torch.randn(6, 5, dtype=torch.double)
    log_gamma = clusterer(q)
    assert torch.allclose(log_gamma, log_gamma_by_hand(q, clusterer.prototypes, temperature), rtol=1e-10)
    assert torch.allclose(log_gamma.exp().sum(dim=1), torch.ones(6, dtype=torch.double))


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("autocast", [False, True])
def test_opposite_directions_over_a_temperature_of_a_hundredth_are_exact(dtype: torch.dtype, autocast: bool) -> None:
    clusterer = SinkhornClusterer(8, 16)
    with torch.no_grad():
        clusterer.prototypes[1] = -clusterer.prototypes[0]  # cosines of 1 and -1 are in one row: logits 100 and -100
    q = torch.cat([clusterer.prototypes.detach(), 50 * torch.randn(4, 16)]).to(dtype).requires_grad_()
    with torch.autocast("cpu", dtype=torch.bfloat16, enabled=autocast):
        log_gamma, codes = clusterer(q), clusterer.codes(q)
    expected = log_gamma_by_hand(q.double(), clusterer.prototypes.double(), 0.01)
    assert log_gamma.dtype == codes.dtype == torch.float32
    assert expected[0, 1] < -199 and torch.allclose(log_gamma.double(), expected, atol=1e-3)
    assert codes.isfinite().all()
    log_gamma.sum().backward()
    assert q.grad is not None and q.grad.isfinite().all()
    assert clusterer.prototypes.grad is not None and clusterer.prototypes.grad.isfinite().all()


def test_predictions_and_prototypes_receive_the_gradient_of_equation_5() -> None:
    clusterer = make(temperature=0.3)
    q = torch.randn(3, 5, dtype=torch.double, requires_grad=True)

    def log_gamma(q: Tensor, prototypes: Tensor) -> Tensor:
        return torch.func.functional_call(clusterer, {"prototypes": prototypes}, (q,))

    assert torch.autograd.gradcheck(log_gamma, (q, clusterer.prototypes))


def test_zero_vectors_fall_to_all_prototypes_alike() -> None:
    clusterer = SinkhornClusterer(8, 16)
    q = torch.zeros(4, 16, requires_grad=True)
    log_gamma = clusterer(q)
    assert torch.allclose(log_gamma, torch.full((4, 8), -math.log(8)))
    assert torch.allclose(clusterer.codes(q), torch.full((4, 8), 1 / 8))
    log_gamma[:, 0].sum().backward()
    assert q.grad is not None and q.grad.isfinite().all()


# Construction


def test_the_defaults_are_the_papers_prototypes_and_temperature() -> None:
    clusterer = CLUSTERERS.build({"name": "SinkhornClusterer"})
    assert clusterer.prototypes.shape == (32, 256) and clusterer.temperature == 0.01
    assert torch.allclose(clusterer.prototypes @ clusterer.prototypes.t(), torch.eye(32), atol=1e-5)
    assert repr(clusterer).startswith("SinkhornClusterer(num_prototypes=32, temperature=0.01, epsilon=")


@pytest.mark.parametrize(
    "options",
    [
        {"num_prototypes": 1},
        {"temperature": 0.0},
        {"epsilon": -0.1},
        {"num_iters": 0},
        {"epsilon": math.nan},
        {"tolerance": -0.1},
    ],
)
def test_options_out_of_bounds_are_refused(options: dict[str, float]) -> None:
    ((argument, value),) = options.items()
    with pytest.raises(ConfigError) as error:
        CLUSTERERS.build({"name": "SinkhornClusterer", **options})
    assert_error(error, argument=argument, got=value)


def test_rows_of_another_size_are_refused() -> None:
    clusterer = SinkhornClusterer(num_prototypes=4, channels=8)
    for shape in ((3, 7), (8,), (2, 3, 8)):
        with raises(DataError, argument="channels", got=list(shape)):
            clusterer(torch.randn(shape))
        with raises(DataError, argument="channels", got=list(shape)):
            clusterer.codes(torch.randn(shape))
