"""Optimisers and schedules as configs name them."""

import math
import warnings
from typing import Any

import pytest
import torch
from torch import nn
from torch.optim.lr_scheduler import CosineAnnealingLR, StepLR

from conclu_pyg.errors import ConfigError
from conclu_pyg.pipelines.optimization import OPTIMIZERS, SCHEDULES


def network() -> nn.Sequential:
    return nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Linear(4, 2, bias=False))


def optimizer(**options: Any) -> torch.optim.Optimizer:
    built: torch.optim.Optimizer = OPTIMIZERS.build({"name": "AdamW", **options}).build(
        [{"params": list(network().parameters())}]
    )
    return built


def rates(config: dict[str, Any], epochs: int, steps_per_epoch: int, lr: float = 1.0) -> list[float]:
    """The learning rate in each step of a training."""
    schedule, moved = SCHEDULES.build(config), optimizer(lr=lr)
    scheduler, used = schedule.build(moved, epochs, steps_per_epoch), []
    for _ in range(epochs):
        for _ in range(steps_per_epoch):
            used.append(moved.param_groups[0]["lr"])
            moved.step()
            if schedule.interval == "step":
                scheduler.step()
        if schedule.interval == "epoch":
            scheduler.step()
    return used


@pytest.mark.parametrize("name", list(OPTIMIZERS))
def test_every_optimiser_minimises(name: str) -> None:
    x = nn.Parameter(torch.tensor([3.0, -2.0]))
    moved = OPTIMIZERS.build({"name": name, "lr": 0.1, "weight_decay": 0.0}).build([{"params": [x]}])
    for _ in range(100):
        moved.zero_grad()
        x.square().sum().backward()
        moved.step()
    assert x.abs().max() < 0.1


def test_adamw_is_pytorchs_with_decay_on_every_parameter() -> None:
    (group,) = optimizer(lr=0.02, weight_decay=0.3, betas=[0.8, 0.9]).param_groups
    assert (group["lr"], group["weight_decay"], group["betas"], group["fused"]) == (0.02, 0.3, (0.8, 0.9), True)
    assert len(group["params"]) == 5
    (default,) = optimizer().param_groups
    assert (default["lr"], default["weight_decay"], default["betas"]) == (1e-3, 0.01, (0.9, 0.999))


def test_norms_and_biases_can_be_spared_the_decay_and_groups_keep_their_own_rate() -> None:
    first, second = network(), network()
    groups = [{"params": list(first.parameters()), "lr": 0.5}, {"params": list(second.parameters())}]
    config = {"name": "AdamW", "lr": 0.1, "weight_decay": 0.2, "decay_norms_and_biases": False}
    built = OPTIMIZERS.build(config).build(groups).param_groups
    assert [(group["lr"], group["weight_decay"], len(group["params"])) for group in built] == [
        (0.5, 0.2, 2),
        (0.5, 0.0, 3),
        (0.1, 0.2, 2),
        (0.1, 0.0, 3),
    ]
    spared = {id(parameter) for group in built if not group["weight_decay"] for parameter in group["params"]}
    assert spared == {id(p) for net in (first, second) for p in (net[0].bias, net[1].weight, net[1].bias)}
    assert len(groups[0]["params"]) == 5  # type: ignore[arg-type]


@pytest.mark.parametrize("interval", ["epoch", "step"])
def test_the_steps_of_the_schedule_are_pytorchs_to_the_bit(interval: str) -> None:
    every = 4 if interval == "step" else 1
    reference, expected = optimizer(lr=1e-3), []
    scheduler = StepLR(reference, 2 * every, 0.7)
    for _ in range(7 * every):
        expected.append(reference.param_groups[0]["lr"])
        reference.step()
        scheduler.step()
    used = rates({"name": "step", "decay": 0.7, "decay_epochs": 2, "interval": interval}, 7, 4, lr=1e-3)
    assert used[:: 1 if interval == "step" else 4] == expected


@pytest.mark.parametrize("interval", ["epoch", "step"])
def test_the_cosine_is_pytorchs_to_the_bit(interval: str) -> None:
    ticks = 20 if interval == "step" else 5
    reference, expected = optimizer(lr=1e-3), []
    scheduler = CosineAnnealingLR(reference, ticks)
    for _ in range(ticks):
        expected.append(reference.param_groups[0]["lr"])
        reference.step()
        scheduler.step()
    used = rates({"name": "cosine", "interval": interval}, 5, 4, lr=1e-3)
    assert used[:: 1 if interval == "step" else 4] == expected


def test_a_constant_schedule_keeps_the_learning_rate() -> None:
    assert set(rates({"name": "constant"}, 3, 2)) == {1.0}


@pytest.mark.parametrize("name", ["step", "cosine", "constant"])
def test_the_warm_up_rises_linearly_and_the_schedule_follows(name: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        used = rates({"name": name, "warmup_epochs": 2, "interval": "step"}, 6, 3)
    assert used[:6] == pytest.approx([(1 + i) / 7 for i in range(6)])
    alone = rates({"name": name, "interval": "step"}, 4, 3)
    assert used[6:] == pytest.approx(alone)


def test_a_warm_up_by_epochs_has_one_rate_for_each() -> None:
    assert rates({"name": "constant", "warmup_epochs": 3}, 5, 2) == pytest.approx(
        [0.25, 0.25, 0.5, 0.5, 0.75, 0.75, 1, 1, 1, 1]
    )


@pytest.mark.parametrize("name", ["step", "cosine", "constant"])
@pytest.mark.parametrize("steps_per_epoch", [5, 500])
def test_fractions_give_a_training_of_any_length_the_same_course(name: str, steps_per_epoch: int) -> None:
    decay = {"decay": 0.5, "decay_fraction": 0.25} if name == "step" else {}
    used = rates({"name": name, "warmup_fraction": 0.2, "interval": "step", **decay}, 10, steps_per_epoch)
    total = 10 * steps_per_epoch
    assert used.index(max(used)) == pytest.approx(0.2 * total, abs=1) and used[0] < 1 / (0.2 * total)
    main = used[total // 5 :]
    if name == "step":
        quarter = len(main) // 4
        assert main == [1.0] * quarter + [0.5] * quarter + [0.25] * quarter + [0.125] * quarter
    else:
        assert main[len(main) // 2] == pytest.approx(0.5 if name == "cosine" else 1.0)


@pytest.mark.parametrize("interval", ["epoch", "step"])
def test_a_decay_by_fraction_is_that_by_epochs_to_the_bit(interval: str) -> None:
    by_fraction = rates({"name": "step", "decay_fraction": 0.1, "interval": interval}, 20, 7, lr=1e-3)
    assert by_fraction == rates({"name": "step", "decay_epochs": 2, "interval": interval}, 20, 7, lr=1e-3)


def test_a_decay_by_a_fraction_below_an_epoch_ends_where_that_by_steps_does() -> None:
    by_epoch, by_step = (
        rates({"name": "step", "decay": 0.5, "decay_fraction": 0.1, "interval": interval}, 4, 10)
        for interval in ("epoch", "step")
    )
    assert by_epoch[0] == by_step[0] == 1 and by_epoch[::10] == by_step[::10] == [1, 2**-2, 2**-5, 2**-7]


def test_a_fraction_replaces_the_epochs_of_a_base() -> None:
    config = {"name": "step", "warmup_epochs": 99, "warmup_fraction": 0.5, "decay_epochs": 1, "decay_fraction": 1.0}
    assert rates(config, 4, 1) == pytest.approx([1 / 3, 2 / 3, 1, 1])


@pytest.mark.parametrize(("epochs", "fraction", "warmup"), [(1, 0.5, 0), (2, 0.1, 1), (3, 0.99, 2)])
def test_a_warm_up_by_fraction_lasts_an_epoch_and_leaves_one(epochs: int, fraction: float, warmup: int) -> None:
    used = rates({"name": "constant", "warmup_fraction": fraction}, epochs, 1)
    assert sum(rate < 1 for rate in used) == warmup


def test_all_groups_follow_the_schedule() -> None:
    groups = [{"params": [nn.Parameter(torch.zeros(1))], "lr": lr} for lr in (0.1, 0.4)]
    moved = OPTIMIZERS.build({"name": "SGD", "lr": 1.0}).build(groups)
    scheduler = SCHEDULES.build({"name": "step", "decay": 0.5, "decay_epochs": 1}).build(moved, 3, 7)
    moved.step()
    scheduler.step()
    assert [group["lr"] for group in moved.param_groups] == [0.05, 0.2]


@pytest.mark.parametrize(
    ("registry", "config", "got"),
    [
        (OPTIMIZERS, {"name": "AdamW", "lr": 0.0}, 0.0),
        (OPTIMIZERS, {"name": "AdamW", "lr": math.nan}, math.nan),
        (OPTIMIZERS, {"name": "SGD", "weight_decay": -1.0}, -1.0),
        (OPTIMIZERS, {"name": "SGD", "momentum": 1.0}, 1.0),
        (OPTIMIZERS, {"name": "AdamW", "betas": [0.9, 1.0]}, 1.0),
        (SCHEDULES, {"name": "step", "decay": 0.0}, 0.0),
        (SCHEDULES, {"name": "step", "decay": 1.5}, 1.5),
        (SCHEDULES, {"name": "step", "decay_epochs": 0}, 0),
        (SCHEDULES, {"name": "step", "decay_fraction": 0.0}, 0.0),
        (SCHEDULES, {"name": "cosine", "warmup_epochs": -1}, -1),
        (SCHEDULES, {"name": "cosine", "warmup_fraction": 1.0}, 1.0),
    ],
)
def test_a_number_out_of_its_range_is_refused_with_its_key(registry: Any, config: dict[str, Any], got: Any) -> None:
    key = list(config)[1]
    with pytest.raises(ConfigError) as error:
        registry.build(config)
    assert key in str(error.value) and f"got {got}" in str(error.value)


def test_a_warm_up_as_long_as_the_training_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"warmup_epochs must be below pipeline.epochs=3, got 3"):
        SCHEDULES.build({"name": "cosine", "warmup_epochs": 3}).build(optimizer(), 3, 5)
