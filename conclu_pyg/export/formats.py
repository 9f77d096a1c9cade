"""Formats of exported files, with their suffixes."""

from __future__ import annotations

CHECKPOINT = "safetensors"  # of the encoder alone, for this package
FORMATS = {"onnx": ".onnx", CHECKPOINT: ".safetensors", "torch": ".pt2"}
