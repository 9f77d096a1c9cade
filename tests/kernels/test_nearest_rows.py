"""The search for nearest rows among candidates of approximate scores."""

import numpy as np
import pytest
import torch

from conclu_pyg.kernels import compiled_kernels


@pytest.mark.parametrize("error", [1e-5, 0.5, 5.0, 100.0])
@pytest.mark.parametrize(("size", "k"), [(37, 2), (50, 7), (400, 20)])
def test_any_scores_within_the_error_give_the_nearest(size: int, k: int, error: float) -> None:
    kernels = compiled_kernels()
    assert kernels is not None
    rng = np.random.default_rng(0)
    x = rng.normal(size=(size, 4)).astype(np.float32)
    distances = ((x[:, None].astype(np.float64) - x) ** 2).sum(axis=2)
    nearest = distances.argsort(axis=1)[:, :k]
    sign = np.full((size, size), -1.0)  # scores of the nearest are too large and all others too small
    np.put_along_axis(sign, nearest, 1.0, axis=1)
    norm = (x.astype(np.float64) ** 2).sum(axis=1)
    scores = torch.from_numpy(distances - norm[:, None] + sign * error * (1 - 1e-3)).bfloat16()
    begin, end = 3, size - 4
    index = np.empty((end - begin, k), np.int64)
    arguments = (scores[begin:end].view(torch.int16).numpy(), norm[begin:end].astype(np.float32))
    kernels.nearest_rows(x, begin, k, *arguments, np.full(end - begin, error, np.float32), 1000, index)
    assert np.array_equal(np.sort(index, axis=1), np.sort(nearest[begin:end], axis=1) + 1000)
    assert (index[:, 0] == np.arange(begin, end) + 1000).all()
