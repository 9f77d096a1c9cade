"""The modes of a module during and after an evaluation."""

import pytest
from torch import nn

from conclu_pyg.nn.evaluating import evaluating


def fail_in_evaluation(module: nn.Module) -> None:
    with evaluating(module):
        assert not any(part.training for part in module.modules())
        raise ZeroDivisionError


def test_each_part_has_its_own_mode_afterwards_also_after_an_error() -> None:
    module = nn.Sequential(nn.Linear(2, 2), nn.Sequential(nn.BatchNorm1d(2), nn.Dropout()))
    module[1].eval()
    before = [part.training for part in module.modules()]
    assert len(set(before)) == 2
    with pytest.raises(ZeroDivisionError):
        fail_in_evaluation(module)
    assert [part.training for part in module.modules()] == before
