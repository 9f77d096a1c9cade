"""Checkpoints: everything that a run needs to go on or to be evaluated, in one file that holds no code."""

from __future__ import annotations

import math
import warnings
from dataclasses import MISSING, dataclass, field, fields
from pathlib import Path
from typing import Any

import torch

from conclu_pyg.errors import CheckpointError
from conclu_pyg.files import atomic_write
from conclu_pyg.runs.folder import find_checkpoint
from conclu_pyg.runs.validation import find_unsafe_value

FORMAT = 1
MAPPINGS = (
    *("config", "method", "optimizer", "scheduler", "random", "precision", "metrics", "pipeline", "labels"),
    "pretraining",
)
KINDS: dict[str, type] = {
    **dict.fromkeys(("dataset", "command", "trained_on", "chosen_on"), str),
    **dict.fromkeys(("epoch", "batch", "step", "num_points"), int),
}
NUMBERS = ("seconds", "epoch", "batch", "step", "num_points")


@dataclass
class Checkpoint:
    """The state of a run between two steps.

    Attributes:
        config: the resolved config.
        method: weights and buffers of the method.
        dataset: the data set of the training, as results call it.
        command: what was typed to train.
        seconds: the time the training took so far.
        epoch: finished epochs.
        batch: finished batches of the epoch under way.
        step: finished steps in all.
        optimizer, scheduler: their states.
        random: the states of the random generators (see :mod:`conclu_pyg.seeding`).
        precision: the state of the loss scaler, in 16 bits.
        metrics: the sums of the epoch under way (see :class:`~conclu_pyg.pipelines.metrics_log.EpochMean`).
        pipeline: what the pipeline remembers beside, such as its best epoch's figure.
        up_axis: the coordinate that points up in the clouds of the training.
        data_axis: the one that does in the data set, where they were turned from another.
        num_points: of each cloud of the training split; 0 where it is not known.
        labels: the names of classes and parts (see :class:`~conclu_pyg.data.labels.Labels`).
        terms: the names of the losses by which it learns without labels.
        pretraining: where the encoder's first weights came from, empty for random ones (see
            :class:`~conclu_pyg.runs.pretrained.Pretraining`).
        trained_on: the labelled clouds of the training and what was done with the encoder, in words; empty where no
            labels were read.
        chosen_on: the labelled clouds by which the best epoch is chosen, in words; empty where none is.
        format: version of this layout.
    """

    config: dict[str, Any]
    method: dict[str, torch.Tensor]
    dataset: str
    command: str
    seconds: float
    epoch: int
    batch: int
    step: int
    optimizer: dict[str, Any] = field(default_factory=dict)
    scheduler: dict[str, Any] = field(default_factory=dict)
    random: dict[str, Any] = field(default_factory=dict)
    precision: dict[str, Any] = field(default_factory=dict)
    metrics: dict[str, Any] = field(default_factory=dict)
    pipeline: dict[str, Any] = field(default_factory=dict)
    up_axis: int | None = None
    data_axis: int | None = None
    num_points: int = 0
    labels: dict[str, Any] = field(default_factory=dict)
    terms: list[str] = field(default_factory=list)
    pretraining: dict[str, Any] = field(default_factory=dict)
    trained_on: str = ""
    chosen_on: str = ""
    format: int = FORMAT

    def save(self, path: Path) -> None:
        """Writes the checkpoint; an older file at ``path`` stays whole until the new one is."""
        path.parent.mkdir(parents=True, exist_ok=True)
        with atomic_write(path) as file:
            torch.save({field.name: getattr(self, field.name) for field in fields(self)}, file)

    @classmethod
    def load(cls, path: str | Path) -> Checkpoint:
        """Reads a checkpoint to the CPU, without unpickling code.

        Args:
            path: a checkpoint, or a run folder, of which the best checkpoint is read where it has one, or else the
                last.

        Raises:
            CheckpointError: the file is missing, damaged, no checkpoint of this project, or of a newer format.
        """
        path = find_checkpoint(path)
        content = _read(path)
        if "format" in content and content["format"] != FORMAT:
            raise CheckpointError(
                f"{path} has checkpoint format {content['format']!r}, this version reads {FORMAT}; use the version of "
                "conclu_pyg that wrote it."
            )
        names = [item.name for item in fields(cls) if item.default is MISSING and item.default_factory is MISSING]
        if any(name not in content for name in names):
            found = ", ".join(sorted(map(str, content))[:10]) or "nothing"
            raise CheckpointError(
                f"{path} is no checkpoint of conclu_pyg: it must hold {', '.join(names)}, found {found}."
            )
        for name in MAPPINGS:
            if not isinstance(content.get(name, {}), dict):
                raise CheckpointError(f"{path} is damaged: its {name} must be a mapping, found {content[name]!r:.50}.")
        _check_parts(path, content)
        known = {item.name for item in fields(cls)}  # what an older file lacks has its default
        return cls(**{name: value for name, value in content.items() if name in known})


def _check_parts(path: Path, content: dict[str, Any]) -> None:
    """Refuses a file whose parts are of another kind than :meth:`Checkpoint.save` writes, such as weights that are no
    tensors, a config of more than plain values, or a pre-training that is none."""
    for name, value in content["method"].items():
        if not isinstance(name, str) or not isinstance(value, torch.Tensor):
            raise CheckpointError(
                f"{path} is damaged: its method must hold tensors by name, found {value!r:.50} as {name!r:.50}."
            )
    for name, kind in KINDS.items():
        if not isinstance(content.get(name, kind()), kind):
            raise CheckpointError(
                f"{path} is damaged: its {name} must be of the type {kind.__name__}, found {content[name]!r:.50}."
            )
    for name in NUMBERS:
        number = content.get(name, 0)
        if type(number) not in (int, float) or not 0 <= number < math.inf:
            raise CheckpointError(
                f"{path} is damaged: its {name} must be a number of at least 0, found {number!r:.50}."
            )
    for name in ("config", "pretraining"):
        if found := find_unsafe_value(content.get(name, {})):
            raise CheckpointError(f"{path} is damaged: its {name} must hold plain values alone, found {found}.")
    if not _are_names(terms := content.get("terms", [])):
        raise CheckpointError(f"{path} is damaged: its terms must be a list of names, found {terms!r:.50}.")
    for name in ("pipeline", "dataset"):
        section = content["config"].get(name, {})
        if not isinstance(section, dict):
            raise CheckpointError(
                f"{path} is damaged: the {name} of its config must be a mapping, found {section!r:.50}."
            )
    model = content["config"].get("model")
    if not isinstance(model, dict) or "name" not in model:
        raise CheckpointError(f"{path} is damaged: its config must have a model with a name, found {model!r:.50}.")
    for name in ("up_axis", "data_axis"):
        axis = content.get(name)
        if axis is not None and (type(axis) is not int or axis not in (0, 1, 2)):
            raise CheckpointError(f"{path} is damaged: its {name} must be 0, 1 or 2, found {axis!r:.50}.")
    before = content.get("pretraining", {})
    while before:  # a run, the one before it, and so on
        fits = isinstance(before, dict) and type(before.get("epochs", 0)) is int and _are_names(before.get("terms", []))
        if not fits:
            raise CheckpointError(
                f"{path} is damaged: its pretraining must be a mapping, with a number of epochs and a list of terms "
                f"where it says any, and so must be each before it, found {before!r:.50}."
            )
        before = before.get("before")


def _are_names(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(name, str) for name in value)


def _read(path: Path) -> dict[str, Any]:
    """What a file of ``torch.save`` holds, if that is a mapping of tensors and plain values."""
    try:
        with warnings.catch_warnings(action="ignore"):  # on pickles of another protocol than torch.save's
            content = torch.load(path, map_location="cpu", weights_only=True)
    except PermissionError as error:
        raise CheckpointError(f"{path} cannot be read: {error.strerror}.") from error
    except Exception as error:  # a damaged pickle raises anything
        raise CheckpointError(
            f"{path} cannot be read as a checkpoint: it is incomplete, or holds something else than tensors and plain "
            "values, such as code, which is never run; give a file that conclu_pyg wrote."
        ) from error
    if not isinstance(content, dict):
        raise CheckpointError(f"{path} is no checkpoint of conclu_pyg: it holds a {type(content).__name__}.")
    return content


def load_weights(module: torch.nn.Module, weights: dict[str, torch.Tensor], source: str) -> None:
    """Loads ``weights`` into ``module``, all of them.

    Raises:
        CheckpointError: names that are missing or unexpected, or shapes that differ.
    """
    expected = module.state_dict()
    problems = [
        *(f"{name} is missing" for name in expected if name not in weights),
        *(f"{name} is unexpected" for name in weights if name not in expected),
        *(
            f"{name} has shape {list(weights[name].shape)} instead of {list(tensor.shape)}"
            for name, tensor in expected.items()
            if name in weights and weights[name].shape != tensor.shape
        ),
    ]
    if problems:
        shown = "; ".join(problems[:4]) + (f"; and {len(problems) - 4} more" if len(problems) > 4 else "")
        raise CheckpointError(f"the weights in {source} do not fit {type(module).__name__}: {shown}.")
    module.load_state_dict(weights)
