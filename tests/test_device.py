import pytest
import torch
from helpers import raises

from conclu_pyg.device import choose_device
from conclu_pyg.errors import ConfigError


def test_auto_chooses_the_best_available_device(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.mps, "is_available", lambda: False)
    for there, best in ((True, "cuda"), (False, "cpu")):
        monkeypatch.setattr(torch.cuda, "is_available", lambda there=there: there)
        assert choose_device("auto").type == best


def test_a_device_that_is_absent_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert choose_device("cpu") == torch.device("cpu")
    with raises(ConfigError, argument="device", got="cuda"):
        choose_device("cuda")
