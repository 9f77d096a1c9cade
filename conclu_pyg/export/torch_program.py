"""Export to a program of ``torch.export``, which PyTorch loads without this package."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from conclu_pyg.errors import ConcluError, one_line
from conclu_pyg.export.models import ExportModel
from conclu_pyg.export.onnx_file import dynamic_shapes, quiet

METADATA = "metadata.json"  # a file in the archive: see the argument extra_files of torch.export.load


@torch.no_grad()
def to_torch_program(model: ExportModel, metadata: Mapping[str, str]) -> bytes:
    """Exports a model for any number of clouds and points.

    Args:
        model: the model.
        metadata: entries of the file, JSON texts by key.

    Raises:
        ConcluError: ``torch.export`` cannot trace the model.
    """
    example = model.example(2, 64, torch.Generator().manual_seed(0))
    with quiet():
        try:
            program = torch.export.export(model, example, dynamic_shapes=dynamic_shapes(model))
        except (RuntimeError, TypeError, ValueError) as error:
            raise ConcluError(
                f"torch.export cannot trace {type(model).__name__}: {one_line(error):.500}; the dense entry must read "
                "neither values nor sizes to decide what to do."
            ) from error
        for node in program.graph.nodes:  # the paths of source files on this machine
            node.meta.pop("stack_trace", None)
        file = io.BytesIO()
        values = {key: json.loads(text) for key, text in metadata.items()}
        torch.export.save(program, file, extra_files={METADATA: json.dumps(values, indent=1)})
    return file.getvalue()


class TorchProgram:
    """A program of ``torch.export`` that was written by this process.

    Args:
        data: the bytes of the file.
    """

    def __init__(self, data: bytes) -> None:
        with quiet():
            self.module = torch.export.load(io.BytesIO(data)).module()

    @torch.no_grad()
    def __call__(self, inputs: Sequence[Tensor]) -> list[Tensor]:
        return list(self.module(*inputs))
