"""The state of a training to a checkpoint and back."""

from __future__ import annotations

import time
import warnings
from typing import Any

import torch

from conclu_pyg.errors import CheckpointError, ConcluWarning, one_line
from conclu_pyg.pipelines.epoch_state import EpochState
from conclu_pyg.pipelines.optimization import advance
from conclu_pyg.pipelines.plan import TrainingPlan
from conclu_pyg.processes import gather_values, num_processes, rank
from conclu_pyg.runs.checkpoint import Checkpoint, load_weights
from conclu_pyg.runs.records import command_line
from conclu_pyg.seeding import random_state, set_random_state
from conclu_pyg.text import pluralize


def take_snapshot(pipeline: TrainingPlan, state: EpochState, num_points: int, began: float) -> Checkpoint:
    """Return the checkpoint of the state between two steps.

    Args:
        pipeline: the training.
        state: the position in the epoch.
        num_points: of a training cloud.
        began: when the training began, by ``time.perf_counter``.
    """
    return Checkpoint(
        config=pipeline.config,
        weights=pipeline.model.state_dict(),
        dataset=pipeline.dataset.name,
        up_axis=pipeline.up_axis,
        data_axis=pipeline.dataset.up_axis,
        num_points=num_points,
        transform=tuple(pipeline.dataset.transform_steps),
        command=command_line(),
        seconds=time.perf_counter() - began,
        epoch=pipeline.progress.epoch,
        batch=state.batch,
        step=pipeline.progress.step,
        optimizer=pipeline.optimizer.state_dict(),
        random=_random_state(state),
        threads=torch.get_num_threads(),
        precision=dict(pipeline.fabric.strategy.precision.state_dict()),
        epoch_state=state.state() if state.batch else {},
        history=tuple(pipeline.history),
        skipped=pipeline.skipped,
        labels=pipeline.dataset.labels.state(),
        loss_names=tuple(pipeline.loss_names()),
        pretraining=pipeline.pretraining,
        trained_on=pipeline.trained_on,
        chosen_on=pipeline.chosen_on,
        pipeline=pipeline.state(),
    )


def _random_state(state: EpochState) -> dict[str, Any]:
    """Return the state of the generators of the first process, and those of the others in ``processes``."""
    first, *others = gather_values(random_state(state.drawn_from))
    return {**first, "processes": [{name: other[name] for name in ("cpu", "cuda")} for other in others]}


def restore(pipeline: TrainingPlan, checkpoint: Checkpoint, source: str) -> EpochState:
    """Put a training into the state of a checkpoint, and return the position in the epoch.

    Args:
        pipeline: a training of the same config, whose scheduler is that of its first step.
        checkpoint: of an untrusted file.
        source: what messages call the checkpoint.

    Raises:
        CheckpointError: the checkpoint does not fit.
    """
    load_weights(pipeline.model, checkpoint.weights, source)
    try:
        pipeline.progress = pipeline.progress._replace(step=checkpoint.step, epoch=checkpoint.epoch)
        # The state of the scheduler is not saved: it depends on the number of epochs, which may be higher now.
        advance(pipeline.scheduler, checkpoint.step if pipeline.schedule.interval == "step" else checkpoint.epoch)
        _load_optimizer(pipeline.optimizer, checkpoint.optimizer)
        pipeline.fabric.strategy.precision.load_state_dict(checkpoint.precision)
        pipeline.history, pipeline.skipped = list(checkpoint.history), checkpoint.skipped
        pipeline.load_state(checkpoint.pipeline)
        state = EpochState.restore(checkpoint.random["order"], checkpoint.batch, checkpoint.epoch_state)
        of_processes = [checkpoint.random, *checkpoint.random["processes"]]
        if rank() < len(of_processes):
            set_random_state(of_processes[rank()])
    except (AttributeError, KeyError, IndexError, RuntimeError, TypeError, ValueError) as error:
        raise CheckpointError(
            f"the checkpoint of {source} cannot be resumed: expected the training state of this config, got one that "
            f"does not fit ({one_line(error)}); it can still be evaluated."
        ) from error
    if checkpoint.threads != torch.get_num_threads():
        warnings.warn(
            f"the run used {checkpoint.threads} threads and is resumed with {torch.get_num_threads()}, so its results "
            f"may differ in the last digits; set OMP_NUM_THREADS={checkpoint.threads} for the same ones.",
            ConcluWarning,
            stacklevel=2,
        )
    if len(of_processes) != num_processes():
        warnings.warn(
            f"the run used {pluralize(len(of_processes), 'process', 'processes')} and is resumed with "
            f"{num_processes()}, so it goes on with other random views.",
            ConcluWarning,
            stacklevel=2,
        )
    return state


def _load_optimizer(optimizer: Any, state: dict[str, Any]) -> None:
    """Load the state of each parameter; the options are those of the config, and the learning rates of the schedule.

    Raises:
        ValueError: a value is no tensor of floats, or has another shape than its parameter, or is missing.
    """
    options = [{key: value for key, value in group.items() if key != "params"} for group in optimizer.param_groups]
    optimizer.load_state_dict(state)
    for group, own in zip(optimizer.param_groups, options, strict=True):
        group.update(own)
    if not isinstance(optimizer, torch.optim.AdamW | torch.optim.SGD):  # whose values have shapes of their own
        return
    for group in optimizer.param_groups:
        for parameter in group["params"]:
            for name, value in optimizer.state.get(parameter, {}).items():
                if not isinstance(value, torch.Tensor) or not value.is_floating_point():
                    raise ValueError(f"{name} of a parameter must be a tensor of floats, got {value!r:.80}")
                if value.shape != (() if name == "step" else parameter.shape):  # a count, or one value for each weight
                    raise ValueError(f"{name} of a parameter {list(parameter.shape)} has shape {list(value.shape)}")
    if len({frozenset(values) for values in optimizer.state.values()}) > 1:
        raise ValueError("the state of some parameters lacks values that others have")
