"""Losses and gradients of one step: of the clouds of this process, at once or in parts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn
from torch_geometric.data import Batch

from conclu_pyg.errors import ConfigError
from conclu_pyg.methods.base import MethodOutput
from conclu_pyg.nn.step_rows import PartRows
from conclu_pyg.pipelines.nonfinite import StepState
from conclu_pyg.processes import largest, num_processes, sum_over_processes
from conclu_pyg.text import pluralize
from conclu_pyg.transforms.clouds import cloud_range

if TYPE_CHECKING:
    from conclu_pyg.pipelines.plan import TrainingPlan


def share_of_step(clouds: Batch) -> Tensor | float:
    """Return the share of the clouds of a step that this process has; 1 for one process."""
    if num_processes() == 1:
        return 1.0
    own = torch.tensor(float(clouds.num_graphs), device=clouds.pos.device, dtype=torch.float64)
    return own / sum_over_processes(own)


def compute_gradients(pipeline: TrainingPlan, model: Any, clouds: Batch) -> MethodOutput:
    """Add the gradients of a batch to those of the parameters, and return its losses and metrics.

    Losses are means over clouds. A process with more clouds counts for more, and the processes average their gradients,
    so the result is the gradient of the mean over the clouds of all processes.

    Args:
        pipeline: computes the losses; its ``share`` is that of the clouds in the step.
        model: as Fabric wraps it.
        clouds: of this process.

    Raises:
        ConfigError: a part would have too few clouds.
    """
    scale = pipeline.share * num_processes()
    if pipeline.accumulate == 1:
        output = pipeline.losses(model, clouds)
        pipeline.fabric.backward(_scaled(output.total_loss(), scale))
        return output
    parts = _split(clouds, pipeline.accumulate)
    rows = _record(pipeline, model, parts)
    outputs, weights = [], [part.num_graphs / clouds.num_graphs for part in parts]
    for i, (part, weight) in enumerate(zip(parts, weights, strict=True)):
        is_last = i == len(parts) - 1
        with rows.replay(i), pipeline.fabric.no_backward_sync(model, enabled=not is_last):
            output = pipeline.losses(model, part)
            pipeline.fabric.backward(_scaled(output.total_loss(), scale * weight))
        outputs.append(output)
    return _mean(outputs, weights)


def _record(pipeline: TrainingPlan, model: nn.Module, parts: list[Batch]) -> PartRows:
    """Return the rows that the losses need of all parts. Buffers and generators are as before, so that the same views
    are drawn again."""
    rows, before = PartRows(), StepState(pipeline.model)
    with torch.no_grad():
        for part in parts:
            with rows.record():
                pipeline.losses(model, part)
            if not rows.recorded[0]:  # no loss depends on more than its own clouds
                break
    before.restore(generators=True)
    return rows


def _split(clouds: Batch, parts: int) -> list[Batch]:
    fewest = -largest(-clouds.num_graphs, clouds.pos.device)  # so that all processes refuse it
    if fewest < parts * (2 if num_processes() == 1 else 1):  # batch norm has no variance in a single cloud
        raise ConfigError(
            f"pipeline.accumulate={parts} leaves too few clouds for batch norm in a part of the "
            f"{pluralize(fewest, 'cloud')} that a process has in a step; give fewer parts, or a larger "
            "pipeline.batch_size.",
            argument="accumulate",
            got=parts,
        )
    ranges = torch.arange(clouds.num_graphs).tensor_split(parts)
    return [cloud_range(clouds, int(part[0]), int(part[-1]) + 1) for part in ranges]


def _scaled(loss: Tensor, scale: Tensor | float) -> Tensor:
    return loss * (scale.to(loss.dtype) if isinstance(scale, Tensor) else scale)


def _mean(outputs: list[MethodOutput], weights: list[float]) -> MethodOutput:
    """Return the mean of the outputs of the parts; a loss that a part lacks counts as 0, a metric does not count."""
    losses: dict[str, Tensor] = {}
    metrics: dict[str, Tensor] = {}
    counted: dict[str, float] = {}
    for output, weight in zip(outputs, weights, strict=True):
        for name, value in output.losses.items():
            losses[name] = losses.get(name, torch.zeros_like(value)) + weight * value.detach()
        for name, value in output.metrics.items():
            metrics[name] = metrics.get(name, torch.zeros_like(value)) + weight * value
            counted[name] = counted.get(name, 0.0) + weight
    return MethodOutput(losses, {name: value / counted[name] for name, value in metrics.items()})
