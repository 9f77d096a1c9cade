import copy

import pytest
import torch

from benchmarks.runner import Runner
from benchmarks.steps import ENCODERS, STEP_SIZES, TrainingStep, ellipsoids, forward_backward, precisions

CPU = torch.device("cpu")


@pytest.fixture
def runner() -> Runner:
    return Runner("step", CPU, quick=True)


def test_clouds_are_reproducible_and_lie_in_the_unit_sphere() -> None:
    batch = ellipsoids(3, 50, CPU)
    assert torch.equal(batch.pos, ellipsoids(3, 50, CPU).pos)
    radii = batch.pos.view(3, 50, 3).norm(dim=2)
    assert batch.num_graphs == 3 and radii.max() <= 1 + 1e-6 and radii.std(dim=1).min() > 0
    assert not torch.equal(batch.pos[:50], batch.pos[50:100])


def test_another_seed_gives_other_clouds() -> None:
    first, second = ellipsoids(3, 50, CPU, seed=0), ellipsoids(3, 50, CPU, seed=1)
    assert not torch.isclose(first.pos, second.pos).all(dim=1).any() and torch.equal(first.ptr, second.ptr)


def test_forward_and_backward_reach_the_leaves() -> None:
    weight, x = torch.randn(3, requires_grad=True), torch.randn(3)
    call = forward_backward(torch.mul, [weight], x, weight)
    first, second = call(), call()
    assert isinstance(first, tuple) and isinstance(second, tuple) and torch.equal(first[0], second[0])
    assert weight.grad is None
    assert (first[0] / x).unique().numel() == 3  # each output has its own weight


def test_the_views_of_a_step_differ(runner: Runner) -> None:
    first, second = TrainingStep(runner, "PointNet").views.values()
    assert first.pos.shape == second.pos.shape == (STEP_SIZES[1][0] * STEP_SIZES[1][1], 3)
    assert not torch.equal(first.pos, second.pos)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_a_step_optimises_the_sum_of_the_losses(dtype: torch.dtype, runner: Runner) -> None:
    step = TrainingStep(runner, "PointNet", dtype)
    expected = copy.deepcopy(step.method)
    step()

    optimizer = torch.optim.AdamW(expected.parameters(), lr=1e-3, fused=True)
    with torch.autocast("cpu", torch.bfloat16, enabled=dtype is torch.bfloat16):
        losses = expected(step.views).losses
    sum(losses.values()).backward()
    optimizer.step()
    for ours, theirs in zip(step.method.state_dict().values(), expected.state_dict().values(), strict=True):
        assert torch.allclose(ours, theirs, atol=1e-6)
    assert all(parameter.grad is None for parameter in step.method.parameters())


@pytest.mark.parametrize("name", ENCODERS)
def test_the_plain_encoder_gives_the_same_losses(name: str, runner: Runner) -> None:
    step, reference = (TrainingStep(runner, name, reference=reference) for reference in (False, True))
    for each in (step, reference):
        each.method.double()
        for view in each.views.values():
            view.pos = view.pos.double()
    ours, theirs = step.losses(), reference.losses()
    assert ours.keys() == theirs.keys()
    assert all(torch.allclose(ours[key], theirs[key], rtol=1e-6) for key in ours)
    assert type(step.method.encoder.last) is not type(reference.method.encoder.last)


def test_methods_train_and_have_the_same_weights_each_time(runner: Runner) -> None:
    state = torch.get_rng_state()
    first, second = (TrainingStep(runner, "PointNet").method for _ in range(2))
    assert first.training and torch.equal(state, torch.get_rng_state())
    assert all(torch.equal(a, b) for a, b in zip(first.parameters(), second.parameters(), strict=True))


def test_bf16_is_measured_where_the_device_multiplies_it(runner: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"amx_bf16": True})
    assert list(precisions(runner)) == [("float32", torch.float32), ("bf16", torch.bfloat16)]
    assert runner.report.notes == []
    monkeypatch.setattr(torch.cpu, "get_capabilities", dict)
    assert list(precisions(runner)) == [("float32", torch.float32)]
    assert "bf16 is skipped" in runner.report.notes[0].sentence
