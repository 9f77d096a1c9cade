"""Steps whose loss or gradient is not finite: found before the weights move, kept for a replay, skipped on request."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch_geometric.data import Batch

from conclu_pyg.data.clean import LARGE
from conclu_pyg.errors import CheckpointError
from conclu_pyg.methods.base import MethodOutput
from conclu_pyg.processes import gather_values, sum_over_processes
from conclu_pyg.runs.checkpoint import Checkpoint
from conclu_pyg.runs.rebuild import refuse_pickles
from conclu_pyg.runs.tensor_file import read_tensor_file, write_tensor_file
from conclu_pyg.seeding import random_state, set_random_state

CHECKPOINT_NAME, CLOUDS_NAME = "checkpoint.safetensors", "clouds.safetensors"
MAX_NAMES = 8


class NonFiniteStep(Exception):
    """A step whose loss or gradient is not finite, raised before the weights move.

    Attributes:
        terms: what is not finite, such as ``loss/contrast``.
    """

    def __init__(self, terms: Sequence[str]) -> None:
        self.terms = terms
        super().__init__(f"{', '.join(terms)} {'is' if len(terms) == 1 else 'are'} not finite")


def check_step(output: MethodOutput, model: nn.Module, *, gradients: bool = True) -> None:
    """Check the losses of a step, and their gradients.

    Args:
        output: of the step.
        model: its parameters have the gradients.
        gradients: whether these are checked, too (default: True).

    Raises:
        NonFiniteStep: one of them is not finite.
    """
    found = [parameter.grad for parameter in model.parameters() if gradients and parameter.grad is not None]
    total = output.total_loss().detach()
    norm = torch.nn.utils.get_total_norm(found) if found else total
    finite = torch.isfinite(total) & torch.isfinite(norm.to(total.device))
    if not sum_over_processes((~finite).int()):  # one wait for the device
        return
    terms = [f"loss/{name}" for name, value in output.losses.items() if not value.isfinite().all()]
    terms = terms or [f"the gradient of {name}" for name, p in model.named_parameters() if not _is_finite(p.grad)][:1]
    if any(gather_values(bool(terms))):  # the norm of finite gradients can overflow
        raise NonFiniteStep(terms)


def _is_finite(gradient: Tensor | None) -> bool:
    return gradient is None or bool(gradient.isfinite().all())


class StepState:
    """The state that a step changes before its weights move: buffers, such as those of batch norms, and generators.

    Args:
        model: what is trained.
    """

    def __init__(self, model: nn.Module) -> None:
        self._buffers = [(buffer, buffer.clone()) for buffer in model.buffers()]
        self._random = random_state(torch.empty(0))

    def restore(self, *, generators: bool) -> None:
        """Restore the buffers.

        Args:
            generators: whether to restore the generators, too.
        """
        with torch.no_grad():
            for buffer, before in self._buffers:
                buffer.copy_(before)
        if generators:
            set_random_state(self._random)


def keep_step(folder: Path, checkpoint: Checkpoint, clouds: Batch, names: Sequence[str]) -> None:
    """Write the state before a step and the clouds of its batch, for :func:`replay`.

    Args:
        folder: is made.
        checkpoint: of the state before the step.
        clouds: of the step.
        names: of all training clouds, by ``cloud_id``.
    """
    folder.mkdir(parents=True, exist_ok=True)
    checkpoint.save(folder / CHECKPOINT_NAME)
    tensors = {key: value for key, value in clouds.to_dict().items() if isinstance(value, Tensor)}
    write_tensor_file(folder / CLOUDS_NAME, {"clouds": tensors, "names": [names[i] for i in clouds.cloud_id.tolist()]})


def replay(folder: str | Path) -> MethodOutput:
    """Repeat a step that was not finite, from its folder in the run folder, on the CPU in float32. Of a training in
    several processes it is the part of the step that one process computed.

    Returns:
        The losses and metrics of the step.

    Raises:
        RuntimeError: the first operation whose gradient is not finite, as PyTorch's anomaly detection reports it.
        CheckpointError: the files are missing or damaged.
        ConfigError: the data set reads pickled files, which may come from elsewhere.
    """
    from conclu_pyg.pipelines.build import build_pipeline

    folder = Path(folder)
    checkpoint = Checkpoint.load(folder / CHECKPOINT_NAME)
    try:
        content = read_tensor_file(folder / CLOUDS_NAME)
        clouds = Batch(**content["clouds"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CheckpointError(
            f"{folder / CLOUDS_NAME} cannot be read: {error}; give a folder nonfinite_step_N of a run.",
            file=folder / CLOUDS_NAME,
        ) from error
    # The sections are those of one process on the CPU, whatever the training had.
    here = {"device": "cpu", "precision": "32-true", "devices": None, "num_nodes": None, "strategy": "auto"}
    config = {**checkpoint.config, "pipeline": {**checkpoint.config["pipeline"], **here}}
    refuse_pickles(config["dataset"])
    pipeline = build_pipeline(config)
    pipeline.model.load_state_dict(checkpoint.weights)
    pipeline.set_train_mode()
    set_random_state({**checkpoint.random, "cuda": []})
    with torch.autograd.set_detect_anomaly(True):
        output = pipeline.losses(pipeline.trained, clouds)
        output.total_loss().backward()
    return output


def describe_batch(clouds: Batch, names: Sequence[str]) -> str:
    """Return the names of the clouds of a batch, and which of them have unusual coordinates."""
    of_batch = [names[i] for i in clouds.cloud_id.tolist()]
    reach = torch.zeros(len(of_batch), device=clouds.pos.device).scatter_reduce(
        0, clouds.batch, clouds.pos.abs().amax(dim=1).float(), "amax"
    )
    unusual = [name for name, value in zip(of_batch, reach.tolist(), strict=True) if not value < LARGE]
    text = f"clouds of the batch: {_listed(of_batch)}"
    return f"{text}; coordinates that are not finite or above {LARGE:g}: {_listed(unusual)}" if unusual else text


def _listed(names: Sequence[Any]) -> str:
    more = len(names) - MAX_NAMES
    return ", ".join(map(str, names[:MAX_NAMES])) + (f" and {more} more" if more > 0 else "")
