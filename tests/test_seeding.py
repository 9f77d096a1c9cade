import pytest
import torch
from helpers import raises

from conclu_pyg.errors import ConfigError
from conclu_pyg.seeding import MAX_SEED, random_state, seed_all


def test_a_seed_rules_the_default_generator_and_the_order() -> None:
    draws = []
    for seed in (5, 5, 6):
        order = seed_all(seed)
        draws.append((torch.rand(3).tolist(), torch.randperm(9, generator=order).tolist()))
    assert draws[0] == draws[1] and draws[0][0] != draws[2][0] and draws[0][1] != draws[2][1]


@pytest.mark.parametrize("seed", [-1, MAX_SEED + 1, 2**100])
def test_a_seed_out_of_range_is_refused(seed: int) -> None:
    with raises(ConfigError, argument="seed", got=seed):
        seed_all(seed)


def test_a_restored_state_repeats_the_draws() -> None:
    order = seed_all(MAX_SEED)
    state = random_state(order.get_state())
    first = (torch.rand(3), torch.randperm(9, generator=order))
    torch.set_rng_state(state["cpu"])
    order.set_state(state["order"])
    assert torch.equal(torch.rand(3), first[0])
    assert torch.equal(torch.randperm(9, generator=order), first[1])
