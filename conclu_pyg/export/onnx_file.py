"""Export to ONNX, by PyTorch's exporter on ``torch.export``."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import torch
from torch import Tensor

from conclu_pyg.errors import ConcluError, ConfigError, one_line
from conclu_pyg.export.models import ExportModel
from conclu_pyg.export.neighbors import recorded_neighbors
from conclu_pyg.extras import is_installed, missing_extra
from conclu_pyg.onnx.checksum import ENTRY, seal
from conclu_pyg.onnx.session import open_session

OPSET = 20
NEIGHBORS = "neighbors"  # begins the names of the outputs that hold neighbours
PACKAGES = ("onnx", "onnxscript", "onnxruntime")
NOISY = ("torch.onnx", "torch.export", "onnxscript", "onnx_ir")  # loggers that report what users can do nothing about


class OnnxFile(NamedTuple):
    """An ONNX model.

    Attributes:
        data: the bytes of the file, with their checksum.
        with_neighbors: the same model with the neighbours of each search as further outputs.
    """

    data: bytes
    with_neighbors: bytes


class _WithNeighbors(torch.nn.Module):
    """A model that returns its outputs, and the neighbours of each search."""

    def __init__(self, model: ExportModel) -> None:
        super().__init__()
        self.model = model
        self.eval()

    def forward(self, *inputs: Tensor) -> tuple[Tensor, ...]:
        with recorded_neighbors(self.model) as tables:
            outputs = self.model(*inputs)
        return (*outputs, *tables)


def check_packages() -> None:
    """Check that the packages of the extra ``onnx`` are installed.

    Raises:
        ConfigError: names the first that is missing.
    """
    for package in PACKAGES:
        if not is_installed(package):
            raise ConfigError(f"{missing_extra(package)}.", argument="format", got="onnx")


@torch.no_grad()
def to_onnx(model: ExportModel, metadata: Mapping[str, str]) -> OnnxFile:
    """Exports a model for any number of clouds and points.

    Args:
        model: the model.
        metadata: entries of the file.

    Raises:
        ConfigError: a package is missing.
        ConcluError: the exporter cannot translate the model.
    """
    check_packages()
    import onnx

    whole = _WithNeighbors(model)
    example = model.example(2, 64, torch.Generator().manual_seed(0))
    neighbors = [f"{NEIGHBORS}_{number}" for number in range(len(whole(*example)) - len(model.outputs))]
    with quiet():
        try:
            program = torch.onnx.export(
                whole,
                example,
                dynamo=True,
                dynamic_shapes=(dynamic_shapes(model),),
                input_names=list(model.inputs),
                output_names=[*model.outputs, *neighbors],
                opset_version=OPSET,
                verbose=False,
            )
        except (torch.onnx.OnnxExporterError, RuntimeError, TypeError, ValueError) as error:
            raise ConcluError(
                f"PyTorch's exporter cannot translate {type(model).__name__}: {one_line(error):.500}; the dense entry "
                "must be traceable by torch.export."
            ) from error
    assert program is not None
    proto: Any = program.model_proto
    for node in proto.graph.node:  # the paths of source files on this machine
        del node.metadata_props[:]
        node.ClearField("doc_string")
    for value in (*proto.graph.value_info, *proto.graph.input, *proto.graph.output, *proto.graph.initializer):
        del value.metadata_props[:]
    del proto.graph.metadata_props[:], proto.metadata_props[:]
    proto.producer_name = "conclu_pyg"
    onnx.helper.set_model_props(proto, {**metadata, **ENTRY})
    onnx.checker.check_model(proto)
    with_neighbors = proto.SerializeToString()
    kept = [output for output in proto.graph.output if not output.name.startswith(NEIGHBORS)]
    del proto.graph.output[:]
    proto.graph.output.extend(kept)
    onnx.checker.check_model(proto)
    return OnnxFile(seal(proto.SerializeToString()), with_neighbors)


class OnnxProgram:
    """An ONNX model that takes and returns tensors.

    Args:
        data: the bytes of the file.
        model: the model that it was exported from.
    """

    def __init__(self, data: bytes, model: ExportModel) -> None:
        self.session = open_session(data, "the exported program", torch.get_num_threads())
        self.names = model.inputs

    def __call__(self, inputs: Sequence[Tensor]) -> list[Tensor]:
        given = {name: value.numpy() for name, value in zip(self.names, inputs, strict=True)}
        return [torch.from_numpy(output) for output in self.session.run(None, given)]


def dynamic_shapes(model: ExportModel) -> tuple[dict[int, Any], ...]:
    """Returns the dimensions of the inputs that vary: clouds, and points."""
    batch, points = torch.export.Dim("batch"), torch.export.Dim("points")
    return ({0: batch, 1: points}, {0: batch})[: len(model.inputs)]


@contextmanager
def quiet() -> Iterator[None]:
    """Silences what exporters report about their own translation."""
    levels = {name: logging.getLogger(name).level for name in NOISY}
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            for name in levels:
                logging.getLogger(name).setLevel(logging.ERROR)
            yield
    finally:
        for name, level in levels.items():
            logging.getLogger(name).setLevel(level)
