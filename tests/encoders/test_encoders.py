"""Every registered encoder passes the public test suite."""

import pytest
import torch

from conclu_pyg import ENCODERS
from conclu_pyg.encoders.checks import checks_input
from conclu_pyg.testing import check_encoder


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:The .grad attribute of a Tensor that is not a leaf")  # by torch.compile itself
@pytest.mark.parametrize("name", list(ENCODERS))
def test_every_encoder_passes_the_suite(name: str) -> None:
    check_encoder({"name": name, "out_channels": 32})


@pytest.mark.parametrize("name", list(ENCODERS))
def test_the_encoders_of_this_package_check_the_input_of_all_their_methods(name: str) -> None:
    cls = ENCODERS.get(name)
    assert all(checks_input(vars(cls)[method]) for method in ("forward", "pool", "layers") if method in vars(cls))
    assert "forward" in vars(cls)


@pytest.mark.parametrize("name", list(ENCODERS))
def test_trains_in_16_bits(name: str) -> None:
    encoder = ENCODERS.build({"name": name, "out_channels": 16}).bfloat16()
    pos, batch = torch.randn(48, 3, dtype=torch.bfloat16), torch.arange(2).repeat_interleave(24)
    points, pooled = encoder(pos, batch, 2)
    assert points.dtype == pooled.dtype == torch.bfloat16
    pooled.float().square().sum().backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in encoder.parameters())
