"""Encoders that come with the package: a checkpoint of the encoder alone, and a card that describes it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parents[1] / "weights"


def shipped_weights() -> dict[str, Path]:
    """Returns the checkpoint of each shipped encoder by its name, such as ``conclu_pointnet_shapes``."""
    return {path.stem: path for path in sorted(FOLDER.glob("*.safetensors"))}


def read_card(name: str) -> dict[str, Any]:
    """Returns the card of a shipped encoder: its data, config, epochs, command, results, licence and sha256.

    Raises:
        KeyError: there is no such encoder.
    """
    card: dict[str, Any] = json.loads(shipped_weights()[name].with_suffix(".json").read_text(encoding="utf-8"))
    return card
