"""The model, the data set and the transforms of a run, rebuilt from its checkpoint, which may come from anywhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from torch import nn

from conclu_pyg.arguments import resolved_arguments
from conclu_pyg.config import error_context, section_registries, split_checkpoints
from conclu_pyg.data.base import DEFAULT_TRANSFORM, PointCloudDataset
from conclu_pyg.data.labels import Labels
from conclu_pyg.errors import CheckpointError, ConfigError, one_line
from conclu_pyg.registry import DATASETS, ENCODERS
from conclu_pyg.runs.build_limit import BuildLimit
from conclu_pyg.runs.checkpoint import Checkpoint
from conclu_pyg.seeding import seed_all


class EncoderAlone(nn.Module):
    """The encoder of a model whose other parts are not loaded.

    Args:
        encoder: the encoder.
        losses: names of the losses that it was trained with.
    """

    def __init__(self, encoder: nn.Module, losses: Sequence[str]) -> None:
        super().__init__()
        self.encoder = encoder
        self._losses = losses

    def loss_names(self) -> list[str]:
        """Returns the names of the losses, for the records of results."""
        return list(self._losses)


def config_name(source: Path) -> str:
    """Returns the name of a checkpoint's config in messages."""
    return f"the config in {source}"


def initial_model(config: Mapping[str, Any], checkpoint: Checkpoint, source: Path) -> Any:
    """Returns the model, or its encoder alone, with random weights: the initial ones of the training, unless those came
    from another run, whose file may be gone.

    Raises:
        ConfigError: a class is unknown, or refuses an argument.
        CheckpointError: the model cannot be built, or is far larger than the weights of the checkpoint.
    """
    built, _ = split_checkpoints(config)
    given = {"labels": Labels.from_state(checkpoint.labels)} if checkpoint.labels else {}
    try:
        with error_context(built, config_name(source)), BuildLimit(checkpoint.weights):
            seed_all(config["pipeline"].get("seed", 0))
            if checkpoint.part == "encoder":
                return EncoderAlone(ENCODERS.build(built["model"].get("encoder")), checkpoint.loss_names)
            return section_registries(config)["model"].build(built["model"], **given)
    except (MemoryError, OverflowError, RuntimeError, TypeError, ValueError) as error:
        name = str(built["model"]["name"])
        raise CheckpointError(
            f"the model {name:.80} of {config_name(source)} cannot be built: {one_line(error):.300}.", file=source
        ) from error


def open_dataset(config: Mapping[str, Any], source: Path, *, trusted: bool) -> PointCloudDataset:
    """Returns the data set of the config.

    Args:
        config: of a checkpoint, with the overrides.
        source: the path of the checkpoint.
        trusted: whether a data set may read files that can run code.

    Raises:
        ConfigError: it would, and is not trusted; or its class is unknown, or refuses an argument.
    """
    with error_context(config, config_name(source)):
        if not trusted:
            refuse_pickles(config["dataset"])
        return DATASETS.build(config["dataset"])


def refuse_pickles(dataset: Mapping[str, Any]) -> None:
    """Refuse a data set whose files can run code.

    Args:
        dataset: this section of the config of a run from elsewhere.

    Raises:
        ConfigError: it is one, or its class is unknown, or refuses an argument.
    """
    cls: Any = DATASETS.parse(dataset).cls
    if getattr(cls, "reads_pickles", False):
        raise ConfigError(
            f"{cls.__name__} reads pickled files, which can run code, from a folder that the run names; give "
            "--allow-imports (allow_imports=True in Python) if you trust it, or another data set.",
            argument="dataset",
            got=cls.__name__,
        )


def transform_steps(dataset: Mapping[str, Any], checkpoint: Checkpoint) -> list[dict[str, Any]]:
    """Returns the configs of the transforms of each cloud: those of the training, unless the data set has others.

    Args:
        dataset: this section of the config, with the overrides.
        checkpoint: of the training.
    """
    if dataset["name"] == checkpoint.config["dataset"]["name"] and dataset.get("transform") is None:
        return [dict(step) for step in checkpoint.transform]
    spec = DATASETS.parse(dataset)
    steps = resolved_arguments(spec.cls, spec.arguments).get("transform")
    return [dict(step) for step in (DEFAULT_TRANSFORM if steps is None else steps)]
