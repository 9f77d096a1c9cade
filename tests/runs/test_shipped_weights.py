"""The encoders that come with the package."""

import hashlib
from pathlib import Path

import pytest
import torch

from conclu_pyg.config import load_config
from conclu_pyg.errors import CheckpointError
from conclu_pyg.runs.checkpoint import Checkpoint
from conclu_pyg.runs.folder import find_checkpoint
from conclu_pyg.runs.frozen_encoder import load_encoder
from conclu_pyg.runs.shipped_weights import read_card, shipped_weights
from conclu_pyg.shipped_configs import shipped_configs

NAMES = sorted(shipped_weights())


def test_the_default_encoder_is_there() -> None:
    assert "conclu_pointnet_shapes" in NAMES


@pytest.mark.parametrize("name", NAMES)
def test_an_encoder_is_that_of_its_card(name: str) -> None:
    path, card = shipped_weights()[name], read_card(name)
    assert card["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
    checkpoint = Checkpoint.load(name)
    assert card["config"] == checkpoint.config and card["steps"] == checkpoint.step > 0
    assert card["licence"] and card["results"] and card["command"].startswith("tools/train.py configs/")
    assert path.stat().st_size < 10_000_000


@pytest.mark.parametrize("name", NAMES)
def test_its_config_is_shipped(name: str) -> None:
    card = read_card(name)
    _, path, *overrides = card["command"].split()
    config = load_config(shipped_configs()[Path(path).stem], overrides)
    for section in ("dataset", "model"):
        for key, value in config[section].items():
            if not key.endswith("_path"):
                assert card["config"][section][key] == value, key


@pytest.mark.parametrize("name", NAMES)
def test_an_encoder_tells_shapes_apart_whatever_their_size_and_place(name: str) -> None:
    encoder = load_encoder(name)
    assert encoder.source == name and not encoder.training and encoder.fingerprint == load_encoder(name).fingerprint
    generator = torch.Generator().manual_seed(0)
    ball = torch.nn.functional.normalize(torch.randn(1024, 3, generator=generator), dim=1)
    stick = torch.rand(1024, 3, generator=generator) * torch.tensor([0.1, 0.1, 2.0])
    x = encoder.embed([ball, ball * 40 + 1000, stick]).double()
    assert torch.allclose(x[0], x[1], atol=1e-2)
    assert (x[0] - x[2]).norm() > 20 * (x[0] - x[1]).norm()


def test_a_folder_or_file_of_the_same_name_takes_precedence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path(NAMES[0]).mkdir()
    with pytest.raises(CheckpointError):
        find_checkpoint(NAMES[0])


def test_a_similar_name_is_suggested() -> None:
    with pytest.raises(CheckpointError, match="conclu_pointnet_shapes"):
        find_checkpoint("conclu_pointnet_shape")
