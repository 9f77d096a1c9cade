"""ONNX files: the difference of their outputs from PyTorch's, and their time next to it."""

from functools import partial
from typing import Any

import torch

from benchmarks import steps
from benchmarks.report import Row
from benchmarks.runner import Runner
from benchmarks.steps import ellipsoids
from conclu_pyg.encoders.base import pooled_features
from conclu_pyg.export.comparison import compare
from conclu_pyg.export.models import EncoderModel
from conclu_pyg.export.onnx_file import OnnxProgram, to_onnx
from conclu_pyg.registry import ENCODERS

SIZES = ((2, 256), (1, 1024), (3, 777), (8, 2048))  # clouds and points
TIMED = ((1, 1024), (8, 1024))
STEPS = 3  # of training mode, which give the norms statistics


def run(runner: Runner) -> None:
    """Compare each encoder with its ONNX file, in ONNX Runtime with as many threads as PyTorch takes.

    The peak of the memory is that of PyTorch's allocations, which ONNX Runtime does without: it is left out.
    """
    for name, config in steps.ENCODERS.items():
        encoder = _encoder(config)
        model = EncoderModel(encoder, per_point=False)
        file = to_onnx(model, {})
        for size, num_points in runner.size(SIZES, ((2, 32),)):
            found = compare(OnnxProgram(file.with_neighbors, model), model, size, num_points)
            runner.note(
                f"{name}, {size} x {num_points:,} points: greatest difference {found.greatest:.1e}, "
                f"{found.swapped:,} neighbours swapped by ties."
            )
        program = OnnxProgram(file.data, model)
        for size, num_points in runner.size(TIMED, ((2, 32),)):
            clouds = ellipsoids(size, num_points, torch.device("cpu"))
            exported = partial(program, [clouds.pos.view(size, num_points, 3)])
            package = partial(torch.inference_mode()(pooled_features), encoder, clouds)
            setting = f"{name}, {size} x {num_points:,} points"
            ours, reference = (each.seconds for each in runner.measure(setting, exported, package))
            title = f"{setting}, ONNX Runtime against this package"
            runner.report.rows.append(Row(runner.case, title, ours, reference, reference / ours))
            runner.note(
                f"{setting}: {size / ours:,.1f} clouds per second by ONNX Runtime, {size / reference:,.1f} by this "
                "package with PyTorch."
            )


def _encoder(config: dict[str, Any]) -> Any:
    """Return an encoder in evaluation mode whose norms have statistics, and whose transform nets transform."""
    encoder = ENCODERS.build(config).train()
    with torch.no_grad():
        for parameter in encoder.parameters():
            if not parameter.any():
                parameter.normal_(std=0.01)
        for seed in range(STEPS):
            clouds = ellipsoids(4, 256, torch.device("cpu"), seed)
            encoder(clouds.pos, clouds.batch, 4)
    return encoder.eval().requires_grad_(False)
