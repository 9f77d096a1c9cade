"""Checkpoints of decoders."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from conclu_pyg.errors import CheckpointError
from conclu_pyg.registry import DECODERS
from conclu_pyg.runs.checkpoint import Checkpoint
from conclu_pyg.runs.decoder_weights import DECODER, load_decoder

FOLDING = {"name": "FoldingDecoder", "num_points": 16, "hidden_channels": 4}
PCN = {"name": "PCNDecoder", "num_points": 16, "grid_side": 2, "hidden_channels": [4, 4]}


def build(config: dict[str, Any]) -> torch.nn.Module:
    own = {key: value for key, value in config.items() if key != "checkpoint"}
    decoder: torch.nn.Module = DECODERS.build(own, {"in_channels": 8})
    return decoder


@pytest.fixture
def save(tiny_run: Path, tmp_path: Path) -> Callable[..., str]:
    """Writes a checkpoint with the weights of a decoder, after a change of each."""

    def save(config: dict[str, Any], change: Callable[[Tensor], Tensor] = torch.clone) -> str:
        checkpoint = Checkpoint.load(tiny_run)
        weights = {DECODER + name: change(value) for name, value in build(config).state_dict().items()}
        model = {**checkpoint.config["model"], "decoder": config}
        path = tmp_path / "last.safetensors"
        replace(checkpoint, config={**checkpoint.config, "model": model}, weights=weights).save(path)
        return str(path)

    return save


@pytest.mark.parametrize("config", [PCN, FOLDING, {**FOLDING, "grid": "gaussian"}])
def test_the_same_decoder_takes_the_weights(config: dict[str, Any], save: Callable[..., str]) -> None:
    decoder = build(config)
    load_decoder(decoder, save(config, lambda value: torch.full_like(value, 3)), {**config, "checkpoint": "a"})
    assert all((value == 3).all() for value in decoder.state_dict().values())


@pytest.mark.parametrize(
    ("trained", "config", "words"),
    [
        (PCN, {**PCN, "grid_scale": 0.5}, "expected grid_scale 0.5, got 0.05"),
        ({**PCN, "grid_scale": 0.05}, {**PCN, "grid_scale": 0.1}, "expected grid_scale 0.1, got 0.05"),
        ({**FOLDING, "grid": "sphere"}, {**FOLDING, "grid": "gaussian"}, "expected grid 'gaussian', got 'sphere'"),
        ({**PCN, "checkpoint": "earlier"}, {**PCN, "grid_scale": 0.5}, "expected grid_scale 0.5, got 0.05"),
        (FOLDING, PCN, "expected name 'PCNDecoder', got 'FoldingDecoder'"),
    ],
)
def test_other_arguments_are_refused(
    trained: dict[str, Any], config: dict[str, Any], words: str, save: Callable[..., str]
) -> None:
    with pytest.raises(CheckpointError, match=words):
        load_decoder(build(config), save(trained), config)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (torch.Tensor.double, "has dtype torch.float64 instead of torch.float32"),
        (lambda value: value * torch.nan, "expected finite weights, got NaN or infinity in"),
        (lambda value: value[:1].clone(), "has shape"),
    ],
)
def test_other_numbers_are_refused(change: Callable[[Tensor], Tensor], words: str, save: Callable[..., str]) -> None:
    decoder = build(PCN)
    before = {name: value.clone() for name, value in decoder.state_dict().items()}
    with pytest.raises(CheckpointError, match=words):
        load_decoder(decoder, save(PCN, change), PCN)
    assert all(torch.equal(value, before[name]) for name, value in decoder.state_dict().items())
