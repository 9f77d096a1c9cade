"""Speed of an exported program next to PyTorch's."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor

from conclu_pyg.data.batch import batch_clouds
from conclu_pyg.encoders.base import pooled_features
from conclu_pyg.export.export import Exported
from conclu_pyg.export.models import EncoderModel, ExportModel
from conclu_pyg.export.onnx_file import OnnxProgram
from conclu_pyg.export.torch_program import TorchProgram

CLOUDS = 8
REPEATS = 5
PROGRAMS: dict[str, Callable[[bytes, ExportModel], Callable[[Sequence[Tensor]], list[Tensor]]]] = {
    "onnx": OnnxProgram,
    "torch": lambda data, model: TorchProgram(data),
}


class Throughput(NamedTuple):
    """Clouds per second.

    Attributes:
        clouds: number of clouds in a batch.
        points: number of points of each.
        threads: number of threads of both.
        program: of the exported program.
        package: of this package with PyTorch.
    """

    clouds: int
    points: int
    threads: int
    program: float
    package: float


@torch.no_grad()
def measure_throughput(exported: Exported, clouds: int = CLOUDS, num_points: int | None = None) -> Throughput:
    """Measures the throughput of an exported program and of the model in this package, on the CPU, with as many threads
    as PyTorch uses: the median of five calls of each.

    Args:
        exported: a file of the formats ``onnx`` or ``torch``.
        clouds: number of clouds in a batch (default: 8).
        num_points: points of each (default: as in the training).
    """
    model = exported.model
    assert model is not None
    num_points = num_points or exported.metadata.num_points
    program = PROGRAMS[exported.format](Path(exported.path).read_bytes(), model)
    inputs = model.example(clouds, num_points, torch.Generator().manual_seed(0))
    category = (*inputs, torch.zeros(clouds, dtype=torch.long))[1]

    def package() -> object:
        if isinstance(model, EncoderModel) and not model.per_point:
            return pooled_features(model.encoder, batch_clouds(inputs[0]))
        return model.reference(inputs[0], category)

    speeds = [clouds / _seconds(call) for call in (lambda: program(inputs), package)]
    return Throughput(clouds, num_points, torch.get_num_threads(), *speeds)


def _seconds(call: Callable[[], object]) -> float:
    call()
    times = []
    for _ in range(REPEATS):
        begin = time.perf_counter()
        call()
        times.append(time.perf_counter() - begin)
    return statistics.median(times)
