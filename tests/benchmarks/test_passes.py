import copy

import pytest
import torch
from torch import nn

from conclu_pyg.benchmarks.bench import Bench
from conclu_pyg.benchmarks.clouds import ellipsoids
from conclu_pyg.benchmarks.passes import TrainingStep, encoders, forward_backward, make_method, with_plain_encoder

BENCH = Bench(torch.device("cpu"), quick=True)


def test_forward_and_backward_reach_the_leaves() -> None:
    weight, x = torch.randn(3, requires_grad=True), torch.randn(3)
    grads = forward_backward(torch.mul, [weight], x, weight)()
    again = forward_backward(torch.mul, [weight], x, weight)
    first, second = again(), again()
    assert isinstance(grads, tuple) and grads[0].shape == (3,) and weight.grad is None
    assert isinstance(first, tuple) and isinstance(second, tuple) and torch.equal(first[0], second[0])
    ratio = first[0] / x
    assert ratio.unique().numel() == 3  # each output has a weight of its own


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_a_step_is_the_optimisers_on_the_sum_of_the_losses(dtype: torch.dtype) -> None:
    method = make_method(BENCH, "PointNet")
    expected = copy.deepcopy(method)
    views = [ellipsoids(4, 32, BENCH.device, seed) for seed in range(2)]
    TrainingStep(method, views, dtype)()

    optimizer = torch.optim.AdamW(expected.parameters(), lr=1e-3, fused=True)
    with torch.autocast("cpu", torch.bfloat16, enabled=dtype is torch.bfloat16):
        losses = expected(*views).losses
    sum(losses.values()).backward()
    optimizer.step()
    for ours, theirs in zip(method.state_dict().values(), expected.state_dict().values(), strict=True):
        assert torch.allclose(ours, theirs, atol=1e-6)
    assert all(parameter.grad is None for parameter in method.parameters())


@pytest.mark.parametrize("name", encoders(BENCH))
def test_the_plain_method_has_the_same_losses_and_weights_of_its_own(name: str) -> None:
    method = make_method(BENCH, name).double()
    plain = with_plain_encoder(method)
    views = [ellipsoids(4, 32, BENCH.device, seed) for seed in range(2)]
    for view in views:
        view.pos = view.pos.double() + 0.01 * torch.randn(128, 3, dtype=torch.double)
    ours, theirs = method(*views).losses, plain(*views).losses
    assert ours.keys() == theirs.keys()
    assert all(torch.allclose(ours[key], theirs[key], rtol=1e-6) for key in ours)
    before = [value.clone() for value in method.state_dict().values()]
    TrainingStep(plain, views)()
    assert all(torch.equal(a, b) for a, b in zip(before, method.state_dict().values(), strict=True))
    assert not any(type(a) is type(b) for a, b in [(method.encoder.last, plain.encoder.last)])


def test_methods_are_in_training_mode_and_always_the_same() -> None:
    state = torch.get_rng_state()
    first, second = make_method(BENCH, "PointNet"), make_method(BENCH, "PointNet")
    assert isinstance(first, nn.Module) and first.training and torch.equal(state, torch.get_rng_state())
    assert all(torch.equal(a, b) for a, b in zip(first.parameters(), second.parameters(), strict=True))
