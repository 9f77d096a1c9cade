"""Which layers may be computed without calling them, and what a batch's moments leave in a norm."""

import pytest
import torch
from torch import nn

from conclu_pyg.nn.batch_moments import is_usual, running, track


@pytest.mark.parametrize("momentum", [0.1, 0.9])
def test_moments_enter_the_running_ones_as_by_calling_the_norm(momentum: float) -> None:
    ours, theirs = (nn.BatchNorm1d(4, momentum=momentum).double() for _ in range(2))
    for _ in range(3):
        x = 5 + 2 * torch.randn(9, 4, dtype=torch.double)
        theirs(x)
        track(ours, x.mean(dim=0), x.var(dim=0, correction=0), len(x))
    assert ours.num_batches_tracked == 3
    for value, expected in zip(running(ours), (theirs.running_mean, theirs.running_var), strict=True):
        assert expected is not None and torch.allclose(value, expected, rtol=1e-12)


def test_only_what_computes_as_it_was_made_is_usual() -> None:
    linear, norm = nn.Linear(3, 4, bias=False), nn.BatchNorm1d(4)
    assert is_usual(linear, norm) and is_usual(linear.eval(), norm.eval())
    for options in ({"momentum": None}, {"track_running_stats": False}, {"affine": False}):
        assert not is_usual(linear, nn.BatchNorm1d(4, **options))  # type: ignore[arg-type]
    assert not is_usual(linear, nn.SyncBatchNorm(4)) and not is_usual(linear, nn.Identity())
    assert not is_usual(nn.Linear(3, 4), norm) and not is_usual(nn.Sequential(linear), norm)
    assert not is_usual(nn.utils.parametrizations.weight_norm(nn.Linear(3, 4, bias=False)), norm)
