import pytest
import torch

from conclu_pyg.data.batch_sampler import BalancedBatchSampler


@pytest.mark.parametrize(
    ("clouds", "batch_size", "sizes"),
    [(98, 32, [25, 25, 24, 24]), (96, 32, [32] * 3), (33, 32, [17, 16]), (5, 32, [5]), (5, 2, [3, 2]), (3, 2, [3])],
)
def test_batches_are_as_few_and_as_even_as_can_be(clouds: int, batch_size: int, sizes: list[int]) -> None:
    batches = BalancedBatchSampler(clouds, batch_size, torch.Generator())
    dealt = list(batches)
    assert len(batches) == len(dealt) and [len(batch) for batch in dealt] == sizes
    assert sorted(index for batch in dealt for index in batch) == list(range(clouds))


def test_the_order_is_the_generators_and_another_in_each_epoch() -> None:
    first, second = (BalancedBatchSampler(50, 16, torch.Generator().manual_seed(3)) for _ in range(2))
    epochs = [list(first), list(first)]
    assert epochs == [list(second), list(second)] and epochs[0] != epochs[1]
