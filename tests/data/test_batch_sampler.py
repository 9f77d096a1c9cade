import pytest
import torch
from helpers import raises
from torch.utils.data import BatchSampler

from conclu_pyg.data.batch_sampler import BalancedBatchSampler, EpochBatches, SharedBatches
from conclu_pyg.errors import ConfigError


@pytest.mark.parametrize(
    ("clouds", "batch_size", "sizes"),
    [(98, 32, [25, 25, 24, 24]), (96, 32, [32] * 3), (33, 32, [17, 16]), (5, 32, [5]), (5, 2, [3, 2]), (3, 2, [3])],
)
def test_batches_are_as_few_and_as_even_as_can_be(clouds: int, batch_size: int, sizes: list[int]) -> None:
    batches = BalancedBatchSampler(clouds, batch_size, torch.Generator())
    found = list(batches)
    assert len(batches) == len(found) and [len(batch) for batch in found] == sizes
    assert sorted(index for batch in found for index in batch) == list(range(clouds))


def test_the_order_is_the_generators_and_another_in_each_epoch() -> None:
    first, second = (BalancedBatchSampler(50, 16, torch.Generator().manual_seed(3)) for _ in range(2))
    epochs = [list(first), list(first)]
    assert epochs == [list(second), list(second)] and epochs[0] != epochs[1]


@pytest.mark.parametrize(("min_batches", "passes"), [(1, 1), (3, 1), (4, 2), (6, 2), (7, 3)])
def test_an_epoch_has_as_many_whole_passes_as_its_batches_need(min_batches: int, passes: int) -> None:
    one, other = (BalancedBatchSampler(8, 3, torch.Generator().manual_seed(3)) for _ in range(2))
    batches = EpochBatches(one, min_batches)
    found = list(batches)
    assert len(batches) == len(found) == 3 * passes
    assert found == [batch for _ in range(passes) for batch in other]
    assert passes == 1 or found[:3] != found[3:6]


@pytest.mark.parametrize("skip", [0, 2, 3, 5])
def test_an_epoch_begins_after_the_batches_to_skip_and_the_next_one_with_the_first(skip: int) -> None:
    whole, broken = (
        EpochBatches(BalancedBatchSampler(8, 3, torch.Generator().manual_seed(3)), min_batches=6) for _ in range(2)
    )
    broken.skip = skip
    assert list(broken) == list(whole)[skip:]
    assert list(broken) == list(whole)


@pytest.mark.parametrize("num_processes", [1, 2, 3])
def test_the_parts_of_all_processes_are_the_batch_in_order(num_processes: int) -> None:
    batches = BatchSampler([5, 3, 8, 1, 9, 2, 7, 4, 0, 6], 7, drop_last=False)
    shares = [list(SharedBatches(batches, rank, num_processes)) for rank in range(num_processes)]
    for i, batch in enumerate(batches):
        parts = [share[i] for share in shares]
        assert [index for part in parts for index in part] == batch
        assert max(map(len, parts)) - min(map(len, parts)) <= 1


def test_a_batch_with_fewer_clouds_than_processes_is_refused() -> None:
    with raises(ConfigError, argument="batch_size", got=2):
        list(SharedBatches(BatchSampler([0, 1], 2, drop_last=False), 0, 3))
