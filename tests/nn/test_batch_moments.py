"""Layers that may be fused, and the update of a norm's running statistics."""

import pytest
import torch
from torch import nn

from conclu_pyg.nn.batch_moments import batch_moments, running_stats, supports_fused


@pytest.mark.parametrize("momentum", [0.1, 0.9])
def test_running_statistics_are_updated_as_by_calling_the_norm(momentum: float) -> None:
    ours, theirs = (nn.BatchNorm1d(4, momentum=momentum).double() for _ in range(2))
    for _ in range(3):
        x = 5 + 2 * torch.randn(9, 4, dtype=torch.double)
        theirs(x)
        batch_moments(ours, x.mean(dim=0), x.var(dim=0, correction=0), len(x))
    assert ours.num_batches_tracked == 3
    for value, expected in zip(running_stats(ours), (theirs.running_mean, theirs.running_var), strict=True):
        assert expected is not None and torch.allclose(value, expected, rtol=1e-12)


def test_replaced_layers_and_other_norms_do_not_support_fusion() -> None:
    linear, norm = nn.Linear(3, 4, bias=False), nn.BatchNorm1d(4)
    assert supports_fused(linear, norm) and supports_fused(linear.eval(), norm.eval())
    for options in ({"momentum": None}, {"track_running_stats": False}, {"affine": False}):
        assert not supports_fused(linear, nn.BatchNorm1d(4, **options))  # type: ignore[arg-type]
    assert not supports_fused(linear, nn.SyncBatchNorm(4)) and not supports_fused(linear, nn.Identity())
    assert not supports_fused(nn.Linear(3, 4), norm) and not supports_fused(nn.Sequential(linear), norm)
    assert not supports_fused(nn.utils.parametrizations.weight_norm(nn.Linear(3, 4, bias=False)), norm)
