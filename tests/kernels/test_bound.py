"""The bound of the smallest keys, against sorting."""

import numpy as np
import pytest

from conclu_pyg.kernels.bound import bound


@pytest.mark.parametrize("high", [2, 50, 2**31 - 1])
def test_k_keys_are_up_to_the_bound(high: int) -> None:
    rng = np.random.default_rng(0)
    for _ in range(50):
        keys = rng.integers(-high - 1, high, size=rng.integers(1, 40), endpoint=True).astype(np.int32)
        count = int(rng.integers(1, len(keys), endpoint=True))
        k = int(rng.integers(1, count, endpoint=True))
        smallest = np.sort(keys[:count])
        limit = bound(keys, count, k)
        assert limit >= smallest[k - 1]
        assert (keys[:count] <= limit).sum() == k or limit == smallest[k - 1]
