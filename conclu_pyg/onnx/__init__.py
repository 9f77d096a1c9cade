"""Inference with the ONNX files of ``conclu export``. Needs NumPy and ONNX Runtime alone::

    from conclu_pyg.onnx import embed

    z = embed("encoder.onnx", points)  # [1, C] for [N, 3]; [B, C] for a list of arrays

Clouds are prepared as in the training: the metadata of the file hold the normalisation, the up axis and the names of
classes and parts. A file may come from anywhere: its size, checksum and metadata are checked, it is data for ONNX
Runtime and runs no code of its own. It can ask for as much memory and time as its graph needs, so limit a process that
loads files of strangers.
"""

from __future__ import annotations

from conclu_pyg.onnx.metadata import Metadata
from conclu_pyg.onnx.model import OnnxModel, classify, embed, segment

__all__ = ["Metadata", "OnnxModel", "classify", "embed", "segment"]
