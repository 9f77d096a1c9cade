from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from helpers import raises
from torch import nn

from conclu_pyg.errors import CheckpointError
from conclu_pyg.runs.build_limit import BuildLimit
from conclu_pyg.runs.checkpoint import Checkpoint
from conclu_pyg.runs.loaded_run import load_run


def test_a_model_that_fits_its_weights_is_built() -> None:
    with BuildLimit(nn.Linear(3000, 3000).state_dict()):
        nn.Linear(3000, 3000)


@pytest.mark.parametrize(
    "make",
    [
        lambda: torch.empty(10**14),
        lambda: nn.Linear(10**7, 10**7),
        lambda: torch.zeros(10**4, 10**4, 10**4),
        lambda: torch.arange(10**12),
        lambda: torch.randn((10**6, 10**6)),
        lambda: [nn.Linear(1, 1) for _ in range(10**6)],
    ],
)
def test_far_larger_tensors_and_far_more_of_them_are_refused_before_they_are_allocated(make: Callable[[], Any]) -> None:
    with (
        pytest.raises(ValueError, match=r"far more weights than the 8 numbers in the file"),
        BuildLimit({"a": torch.ones(8)}),
    ):
        make()


@pytest.mark.parametrize("channels", [10**12, 2**70, 10**6])
def test_a_checkpoint_with_a_huge_model_is_one_sentence(channels: int, tiny_run: Path, tmp_path: Path) -> None:
    checkpoint = Checkpoint.load(tiny_run)
    model = checkpoint.config["model"]
    config = {**checkpoint.config, "model": {**model, "encoder": {"name": "PointNet", "out_channels": channels}}}
    replace(checkpoint, config=config).save(tmp_path / "a.safetensors")
    with raises(CheckpointError, file=tmp_path / "a.safetensors") as error:
        load_run(tmp_path / "a.safetensors")
    assert "the model ConClu of the config in" in str(error.value) and "cannot be built: " in str(error.value)
