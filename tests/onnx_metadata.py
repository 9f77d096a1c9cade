"""Metadata of ONNX models that tests make by hand."""

from conclu_pyg.onnx import Metadata

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
