"""Loaded runs: checkpoint, config, model and data set."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

import torch

from conclu_pyg.config import resolve_trained
from conclu_pyg.data.base import PointCloudDataset, PointCloudSplit
from conclu_pyg.data.labels import Labels
from conclu_pyg.device import choose_device
from conclu_pyg.errors import ConfigError, DataError
from conclu_pyg.imports import withheld_imports
from conclu_pyg.runs.checkpoint import Checkpoint, load_weights
from conclu_pyg.runs.embedding import Features, embed_split
from conclu_pyg.runs.folder import find_checkpoint, folder_of
from conclu_pyg.runs.rebuild import config_name, initial_model, open_dataset, transform_steps
from conclu_pyg.tasks.base import Task
from conclu_pyg.text import pluralize
from conclu_pyg.transforms import compose

logger = logging.getLogger(__name__)

# Overrides of a trained run: the weights fit no other model, and are trained already.
ALLOWED = re.compile(r"dataset\.|dataset=(?!\{)|pipeline\.device=|imports=")


@dataclass(frozen=True)
class LoadedRun:
    """A checkpoint with its model and data set.

    Attributes:
        source: the path of the checkpoint.
        folder: the folder of the run's files.
        checkpoint: its content.
        config: its config with the overrides.
        method: a ``torch.nn.Module`` with the trained weights, or with random ones (see :meth:`untrained`).
        open_dataset: returns the data set of the config, the same every time.
        device: where the method is to run.
        trained: whether the method has the weights of the checkpoint.
    """

    source: Path
    folder: Path
    checkpoint: Checkpoint
    config: dict[str, Any]
    method: Any
    open_dataset: Callable[[], PointCloudDataset]
    device: torch.device
    trained: bool = True
    _embedded: dict[PointCloudSplit, Features] = field(default_factory=dict, init=False, repr=False, compare=False)

    @property
    def dataset(self) -> PointCloudDataset:
        """The data set of the config, built on first access; predictions do not need it."""
        return self.open_dataset()

    @property
    def seed(self) -> int:
        """The seed of the training."""
        return int(self.config["pipeline"].get("seed", 0))

    @property
    def initialisation(self) -> str:
        """``random``, or the data set of the (latest) pre-training: for a model that was trained on labels, of the one
        that its encoder began with."""
        if not isinstance(self.method, Task):
            return self.checkpoint.dataset if self.trained else "random"
        before = self.checkpoint.pretraining
        return "random" if before is None else before.dataset

    @property
    def up_axis(self) -> int:
        """The coordinate that points up in the clouds of :meth:`split`: 0, 1 or 2."""
        return self.checkpoint.up_axis

    @property
    def data_axis(self) -> int:
        """The coordinate that points up in the data set of the training, before any change of axes, and by default in
        the user's files. Opens no data set."""
        return self.checkpoint.data_axis

    @property
    def transform(self) -> list[dict[str, Any]]:
        """The configs of the transforms of each cloud. Opens no data set."""
        return transform_steps(self.config["dataset"], self.checkpoint)

    def embed(self, split: PointCloudSplit) -> Features:
        """Returns the pooled features of a split from the method's encoder, computed on first access.

        Raises:
            ConcluError: features that are not finite.
        """
        if split not in self._embedded:
            self._embedded[split] = embed_split(self.method.encoder, split, self.device)
        return self._embedded[split]

    def untrained(self) -> LoadedRun:
        """Returns the run with random weights from its seed: the initial weights of its training, unless those came
        from another run."""
        return replace(self, method=initial_model(self.config, self.checkpoint, self.source), trained=False)

    def check_labels(self) -> None:
        """Checks that the data set has the labels that the method was trained on.

        Raises:
            DataError: names both.
        """
        if self.dataset.labels != self.method.labels:
            raise DataError(
                f"{self.dataset.name} has other labels ({_count(self.dataset.labels)}) than the run was trained on "
                f"({_count(self.method.labels)}); take the data set of its training, or one with the same labels."
            )

    def split(self, name: str) -> PointCloudSplit:
        """Returns a split of the data set, with the up axis of the training."""
        return self.dataset.get_split(name, up_axis=self.up_axis)


def load_run(
    path: str | Path, overrides: Sequence[str] = (), *, allow_imports: bool = False, encoder_alone: bool = False
) -> LoadedRun:
    """Loads a run, which may come from anywhere: nothing that its files hold is run as code.

    Args:
        path: a run folder (its best checkpoint where it has one, or else its last) or a checkpoint, also of an encoder
            alone.
        overrides: ``dataset.key=value`` or ``dataset=FOLDER``, for another data set than that of the pre-training;
            ``pipeline.device=...``; ``imports=[...]``, to import modules of your own choice.
        allow_imports: whether to import the modules that the run's config names; without them, the classes that it
            needs must be registered already (default: False).
        encoder_alone: whether to leave out the other parts of the model, and the modules that they need (default:
            False).

    Raises:
        WithheldImportsError: the model needs a class that only these modules register. The data set may raise it later.
        ConcluError: a checkpoint, data set or override that cannot be used.
    """
    for override in overrides:
        if not ALLOWED.match(override):
            raise ConfigError(
                "expected an override of the data set (such as dataset.dataset_path=...), of pipeline.device or of "
                f"imports for a trained run, got {override!r}.",
                argument=override.partition("=")[0],
                got=override,
            )
    source = find_checkpoint(path)
    checkpoint, name = Checkpoint.load(source), config_name(source)
    if encoder_alone and isinstance(checkpoint.config["model"].get("encoder"), Mapping):
        checkpoint = checkpoint.encoder_alone() or checkpoint
    config, withheld = resolve_trained(checkpoint.config, overrides, name, allow_imports=allow_imports)
    with withheld_imports(withheld, name):
        method = initial_model(config, checkpoint, source)
        compose(transform_steps(config["dataset"], checkpoint), up_axis=checkpoint.up_axis)
    load_weights(method, checkpoint.weights, str(source))
    if withheld:
        logger.info(f"{name} imports {', '.join(withheld)}, which was not needed and not run")

    def open_once() -> PointCloudDataset:
        with withheld_imports(withheld, name):
            return open_dataset(config, source, trusted=allow_imports)

    return LoadedRun(
        source=source,
        folder=folder_of(source),
        checkpoint=checkpoint,
        config=config,
        method=method,
        open_dataset=cache(open_once),
        device=choose_device(config["pipeline"].get("device", "auto")),
    )


def _count(labels: Labels) -> str:
    classes = f"{len(labels.classes)} class{'' if len(labels.classes) == 1 else 'es'}"
    return classes + (f", {pluralize(len(labels.parts), 'part')}" if labels.parts else "")
