"""Metadata of ONNX models that tests make by hand."""

from collections.abc import Mapping
from typing import Any

from onnx import helper

from conclu_pyg.onnx import Metadata
from conclu_pyg.onnx.checksum import ENTRY, seal

METADATA = Metadata(
    task="embedding",
    channels=3,
    num_points=16,
    data_axis="z",
    up_axis="z",
    steps=({"name": "NormalizeUnitSphere"},),
    classes=(),
    parts=(),
    fingerprint="0123456789ab",
    card={},
    opset=20,
    version="0.1.0",
)


def onnx_file(model: Any, entries: Mapping[str, str] = METADATA.entries()) -> bytes:
    """Returns the bytes of a model with metadata and a valid checksum."""
    helper.set_model_props(model, {**entries, **ENTRY})
    return seal(model.SerializeToString())
