"""Frozen encoders and decoders: a warning about random weights, and one checkpoint for a pair."""

import warnings

import pytest
from helpers import raises
from torch import nn

from conclu_pyg.errors import ConcluWarning, ConfigError
from conclu_pyg.pipelines.frozen_parts import check_frozen
from conclu_pyg.registry import DECODERS, ENCODERS

PARTS = {"encoder": ENCODERS, "decoder": DECODERS}


class Model(nn.Module):
    def __init__(self, frozen: bool = True) -> None:
        super().__init__()
        self.encoder = nn.Linear(2, 2).requires_grad_(not frozen)
        self.decoder = nn.Linear(2, 2).requires_grad_(not frozen)


def test_random_frozen_parts_are_a_warning() -> None:
    with pytest.warns(ConcluWarning, match=r"Model does not train its encoder and decoder, .* random"):
        check_frozen(Model(), PARTS, {})


@pytest.mark.parametrize("checkpoints", [{"encoder": "a"}, {"decoder": "a"}, {"encoder": "a", "decoder": "b"}])
def test_parts_of_different_origin_are_refused(checkpoints: dict[str, str]) -> None:
    with raises(ConfigError, argument="checkpoint"):
        check_frozen(Model(), PARTS, checkpoints)


@pytest.mark.parametrize(("frozen", "checkpoints"), [(True, {"encoder": "a", "decoder": "a"}), (False, {})])
def test_trained_parts_are_accepted(frozen: bool, checkpoints: dict[str, str]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check_frozen(Model(frozen), PARTS, checkpoints)
