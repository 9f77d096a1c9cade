"""Checkpoints: the complete state of a run in one file that holds no code."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, is_dataclass, replace
from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor

from conclu_pyg.errors import CheckpointError
from conclu_pyg.imports import relative_paths, resolve_paths
from conclu_pyg.runs.folder import find_checkpoint, folder_of
from conclu_pyg.runs.plain_data import from_plain
from conclu_pyg.runs.provenance import CloudSet, EncoderOrigin, LabelledTraining
from conclu_pyg.runs.tensor_file import read_tensor_file, write_tensor_file
from conclu_pyg.runs.validation import find_unsafe_value

FORMAT = 2
ENCODER = "encoder."  # begins the names of the weights of a model's encoder
SECTIONS = {
    "model": ("part", "weights"),
    "training_state": (
        *("epoch", "batch", "step", "optimizer", "random", "threads", "precision", "epoch_state", "history"),
        *("skipped", "pipeline"),
    ),
    "provenance": (
        *("config", "dataset", "labels", "loss_names", "up_axis", "data_axis", "num_points", "transform"),
        *("pretraining", "trained_on", "chosen_on", "command", "seconds"),
    ),
}
MAX_POINTS = 10**8
COUNTS = ("seconds", "epoch", "batch", "step", "threads", "skipped", "num_points")


@dataclass
class Checkpoint:
    """The state of a run between two steps, or the encoder that it has trained.

    Attributes:
        config: the resolved config.
        weights: the weights and buffers of the model, or of its encoder alone, by the same names.
        dataset: the name of the training data set, as results call it.
        command: the command line of the training.
        seconds: the duration of the training so far.
        epoch: finished epochs.
        batch: finished batches of the current epoch.
        step: finished steps in total.
        optimizer: its state.
        random: the states of the random generators (see :mod:`conclu_pyg.seeding`).
        precision: the state of the loss scaler, for 16-bit precision.
        threads: of a CPU, which the last digits of the results depend on.
        epoch_state: what the steps of the current epoch gathered (see
            :class:`~conclu_pyg.pipelines.epoch_state.EpochState`); empty at its beginning.
        history: the metrics of each finished epoch.
        skipped: batches that were skipped because their loss or gradient was not finite.
        pipeline: the state of the pipeline, such as the metric of its best epoch.
        up_axis: the coordinate that points up in the training clouds.
        data_axis: the coordinate that points up in the data set, before it was changed to ``up_axis``.
        num_points: points per cloud of the training split.
        part: ``encoder`` if the file holds only the encoder, and no state to resume from (default: model).
        transform: configs of the transforms of every cloud that is read.
        labels: names of classes and parts (see :class:`~conclu_pyg.data.labels.Labels`).
        loss_names: names of the losses of a self-supervised method.
        pretraining: the origin of the encoder's initial weights; ``None`` for random ones.
        trained_on: the labelled clouds of the training and the treatment of the encoder; ``None`` without labels.
        chosen_on: the labelled clouds that select the best epoch; ``None`` if none do.
    """

    config: dict[str, Any]
    weights: dict[str, Tensor]
    dataset: str
    command: str
    seconds: float
    epoch: int
    batch: int
    step: int
    up_axis: int
    data_axis: int
    num_points: int
    part: Literal["model", "encoder"] = "model"
    transform: tuple[dict[str, Any], ...] = ()
    optimizer: dict[str, Any] = field(default_factory=dict)
    random: dict[str, Any] = field(default_factory=dict)
    threads: int = 1
    precision: dict[str, Any] = field(default_factory=dict)
    epoch_state: dict[str, Any] = field(default_factory=dict)
    history: tuple[dict[str, Any], ...] = ()
    skipped: int = 0
    pipeline: dict[str, Any] = field(default_factory=dict)
    labels: dict[str, Any] = field(default_factory=dict)
    loss_names: tuple[str, ...] = ()
    pretraining: EncoderOrigin | None = None
    trained_on: LabelledTraining | None = None
    chosen_on: CloudSet | None = None

    def save(self, path: Path) -> None:
        """Writes the checkpoint atomically: an older file at ``path`` stays whole until the new one is complete."""
        path.parent.mkdir(parents=True, exist_ok=True)
        written = self._with_paths(relative_paths, path)
        sections = {
            section: {name: _plain(getattr(written, name)) for name in names} for section, names in SECTIONS.items()
        }
        write_tensor_file(path, {"format": FORMAT, **sections})

    def _with_paths(self, change: Callable[[Any, Path], Any], path: Path) -> Checkpoint:
        """Returns the checkpoint with changed paths of its imports, which a file at ``path`` holds relative to the run
        folder."""
        if "imports" not in self.config:
            return self
        return replace(self, config={**self.config, "imports": change(self.config["imports"], folder_of(path))})

    def encoder_alone(self) -> Checkpoint | None:
        """Returns the checkpoint without the rest of the model and the state of the training, a small file to pass on;
        ``None`` if the model has no weights under the name ``encoder``."""
        weights = {name: value for name, value in self.weights.items() if name.startswith(ENCODER)}
        state: dict[str, Any] = {key: {} for key in ("optimizer", "random", "precision", "epoch_state", "pipeline")}
        return replace(self, part="encoder", weights=weights, history=(), **state) if weights else None

    @classmethod
    def load(cls, path: str | Path) -> Checkpoint:
        """Reads a checkpoint to the CPU. The file may come from anywhere: it holds no code, and its content is
        validated.

        Args:
            path: a checkpoint, or a run folder, of which the best checkpoint is read if it has one, or else the last.

        Raises:
            CheckpointError: the file is missing, damaged, not a checkpoint, or of another format.
        """
        path = find_checkpoint(path)
        try:
            content = read_tensor_file(path)
        except OSError as error:
            raise CheckpointError(f"{path} cannot be read: {error.strerror or error}.", file=path) from error
        except ValueError as error:
            raise CheckpointError(
                f"{path} is not a checkpoint of conclu_pyg: {error}; give a file that conclu_pyg wrote.", file=path
            ) from error
        if content.get("format") != FORMAT:
            raise CheckpointError(
                f"{path}: expected checkpoint format {FORMAT}, got {content.get('format')!r:.50}; use the version of "
                "conclu_pyg that wrote it.",
                file=path,
                got=content.get("format"),
            )
        try:
            found = {name: content[section][name] for section, names in SECTIONS.items() for name in names}
            return _validated(found)._with_paths(resolve_paths, path)
        except (KeyError, TypeError) as error:
            raise CheckpointError(f"{path} is damaged: it lacks a part ({error}).", file=path) from error
        except ValueError as error:
            raise CheckpointError(f"{path} is damaged: {error}.", file=path) from error


def _plain(value: Any) -> Any:
    return asdict(value) if is_dataclass(value) and not isinstance(value, type) else value


def _validated(content: dict[str, Any]) -> Checkpoint:
    """Returns the checkpoint of values from an untrusted file.

    Raises:
        ValueError: names the first value of a wrong type or size.
    """
    for name in SECTIONS["provenance"]:
        if found := find_unsafe_value(content[name]):
            raise ValueError(f"{name}: expected dicts, lists and scalars, got {found}")
    checkpoint: Checkpoint = from_plain(Checkpoint, content, "checkpoint")
    for name in COUNTS:
        if (count := getattr(checkpoint, name)) < 0:
            raise ValueError(f"{name}: expected a number >= 0, got {count}")
    if checkpoint.num_points > MAX_POINTS:
        raise ValueError(f"num_points: expected at most {MAX_POINTS:,}, got {checkpoint.num_points:,}")
    for name in ("up_axis", "data_axis"):
        if (axis := getattr(checkpoint, name)) not in (0, 1, 2):
            raise ValueError(f"{name}: expected 0, 1 or 2, got {axis}")
    for i, row in enumerate(checkpoint.history):
        if others := [value for value in row.values() if type(value) not in (int, float)]:
            raise ValueError(f"history[{i}]: expected numbers, got {others[0]!r:.50}")
    config = checkpoint.config
    for name in ("model", "pipeline", "dataset"):
        if not isinstance(config.get(name, {}), dict):
            raise ValueError(f"config.{name}: expected a mapping, got {config[name]!r:.50}")
    if "name" not in config.get("model", {}):
        raise ValueError(f"config.model: expected a mapping with a name, got {config.get('model')!r:.50}")
    for name in ("seed", "epochs"):
        if type(number := config.get("pipeline", {}).get(name, 0)) is not int:
            raise ValueError(f"config.pipeline.{name}: expected a whole number, got {number!r:.50}")
    return checkpoint


def check_finite(weights: Mapping[str, Tensor], source: str) -> None:
    """Refuse weights with values that are not finite.

    Raises:
        CheckpointError: names the first one.
    """
    for name, value in weights.items():
        if value.is_floating_point() and not value.isfinite().all():
            raise CheckpointError(
                f"expected finite weights, got NaN or infinity in {name} of {source}; give a checkpoint of a training "
                "that did not diverge.",
                file=source,
            )


def load_weights(module: torch.nn.Module, weights: dict[str, torch.Tensor], source: str) -> None:
    """Loads ``weights`` into ``module``, all of them. Extra state may have another shape: its module takes it.

    Raises:
        CheckpointError: names that are missing or unexpected, or shapes or dtypes that differ.
    """
    expected = module.state_dict()
    problems = [
        *(f"{name} is missing" for name in expected if name not in weights),
        *(f"{name} is unexpected" for name in weights if name not in expected),
        *(
            f"{name} has shape {list(weights[name].shape)} instead of {list(tensor.shape)}"
            for name, tensor in expected.items()
            if name in weights and weights[name].shape != tensor.shape and not name.endswith("_extra_state")
        ),
        *(
            f"{name} has dtype {weights[name].dtype} instead of {tensor.dtype}"
            for name, tensor in expected.items()
            if name in weights and weights[name].dtype != tensor.dtype
        ),
    ]
    if problems:
        shown = "; ".join(problems[:4]) + (f"; and {len(problems) - 4} more" if len(problems) > 4 else "")
        raise CheckpointError(f"the weights in {source} do not fit {type(module).__name__}: {shown}.", file=source)
    module.load_state_dict(weights)
