"""What a training loop runs: the model, its clouds, its options, and the hooks of an epoch and a step."""

from __future__ import annotations

import logging
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal

import torch
from annotated_types import Ge
from torch import Tensor, nn
from torch.optim.lr_scheduler import LRScheduler
from torch.utils.data import Dataset, Sampler
from torch_geometric.data import Batch

from conclu_pyg.arguments import validated
from conclu_pyg.constraints import NonNegativeInt, PositiveFloat, PositiveInt
from conclu_pyg.data.base import PointCloudDataset, PointCloudSplit
from conclu_pyg.data.batch_sampler import BalancedBatchSampler
from conclu_pyg.errors import ConfigError
from conclu_pyg.methods.base import MethodOutput, Progress
from conclu_pyg.pipelines.gradients import compute_gradients
from conclu_pyg.pipelines.launch import Device, Precision, StrategyName, make_fabric
from conclu_pyg.pipelines.metrics_log import DEFAULT_LOGGERS, build_loggers
from conclu_pyg.pipelines.nonfinite import check_step
from conclu_pyg.pipelines.optimization import OPTIMIZERS, SCHEDULES, OptimizerConfig, Schedule
from conclu_pyg.pipelines.training_clouds import NumberedClouds
from conclu_pyg.registry import METHODS, Registry
from conclu_pyg.runs.provenance import CloudSet, EncoderOrigin, LabelledTraining
from conclu_pyg.seeding import Seed

logger = logging.getLogger(__name__)


class TrainingPlan(ABC):
    """Trains a model on a data set: a subclass chooses the clouds and computes the losses of a batch.

    The constructor of a subclass takes its own options, passes the rest on as ``**options``, and sets ``optimizer``.

    Args:
        model: the model to train.
        dataset: the data set.
        config: the resolved config, for the run folder and the checkpoints.
        pretraining: the origin of the encoder's initial weights (default: random weights).
        epochs: the number of epochs.
        min_steps_per_epoch: an epoch passes over the clouds as often as it needs for so many steps, once at least, so
            that a few clouds are trained as long as many (default: 1).
        batch_size: clouds in a step, of all processes together.
        optimizer: config of the optimiser, for :data:`~conclu_pyg.pipelines.optimization.OPTIMIZERS` (default: AdamW
            with a learning rate of 0.001 and a weight decay of 0.01).
        schedule: config of the learning rate's schedule, for :data:`~conclu_pyg.pipelines.optimization.SCHEDULES`
            (default: constant).
        clip_grad_norm: the largest norm of the gradient of all parameters together; a longer gradient is scaled down
            to it (default: no limit).
        seed: of the initial weights, the order of the clouds and all other draws; up to 2^32 - 1 (default: 0).
        device: ``auto``, ``cpu``, ``cuda`` or ``mps`` (default: auto).
        devices: processes on this machine, each with a device of its own, that share the clouds of each step
            (default: those that torchrun or srun started, or else 1).
        num_nodes: machines with so many processes (default: those of torchrun or srun, or else 1).
        strategy: ``ddp`` for :class:`~torch.nn.parallel.DistributedDataParallel`; ``auto`` uses it if there are several
            processes; ``ddp_find_unused_parameters_true`` for a method in whose steps some parameters have no gradient
            (default: auto).
        accumulate: parts of a step's clouds that are computed one after the other, for batches that do not fit into
            memory. The statistics of batch norms are those of a part; codes are computed over the whole step, which
            takes another pass without gradients (default: 1).
        precision: of the products; the weights stay in float32 (default: 32-true).
        num_workers: processes that read ahead (default: 0, enough for a memory map).
        log_dir: the folder of the run folders (default: runs).
        run_dir: the run folder itself, new or empty (default: a new one in ``log_dir``).
        on_nan: what to do when a loss or a gradient is not finite: ``stop`` before the weights move, or ``skip`` the
            batch (default: stop). The state before the first such step and its clouds are kept in the run folder, see
            :func:`~conclu_pyg.pipelines.nonfinite.replay`.
        max_skipped: the training stops when more batches are not finite (default: 10).
        save_minutes: a checkpoint is saved after each epoch, and within an epoch when the last one is older than this
            (default: 10).
        keep_last: how many of the newest checkpoints to keep (default: 2).
        loggers: where the metrics of each epoch go: names in :data:`~conclu_pyg.registry.LOGGERS`, or mappings with a
            name and arguments (default: csv and tensorboard).
        keep_every: also keeps the checkpoint of every epoch that is a multiple of this; 0 keeps none (default: 0).
        report: whether the run ends with ``report.html``, of at most 200 clouds (default: True).

    Attributes:
        optimizer: set by the subclass, usually by ``self.optimizer_config.build(groups)``.
        optimizer_config, schedule: the two sections of the config, built.
        scheduler: of the learning rates, made when the training begins.
        trained: the module that is called in a step (default: the model).
        progress: the position of the training.
        history: the metrics of each finished epoch.
        skipped: batches that were skipped, in all epochs.
        share: of the clouds of the current step, those that this process has, from 0 to 1.

    Raises:
        ConfigError: a number out of its range, or a device that is not there.
    """

    models: ClassVar[Registry] = METHODS  # builds the config's section `model`
    components: ClassVar = {"optimizer": OPTIMIZERS, "schedule": SCHEDULES}
    progress_metrics: ClassVar[Mapping[str, str]] = {}  # formats of the metrics in the line of an epoch, by name
    optimizer: torch.optim.Optimizer
    scheduler: LRScheduler

    @validated
    def __init__(
        self,
        model: nn.Module,
        dataset: PointCloudDataset,
        config: Mapping[str, Any],
        *,
        pretraining: EncoderOrigin | None = None,
        epochs: PositiveInt,
        min_steps_per_epoch: PositiveInt = 1,
        batch_size: Annotated[int, Ge(2)],
        optimizer: dict[str, Any] | None = None,
        schedule: dict[str, Any] | None = None,
        clip_grad_norm: PositiveFloat | None = None,
        seed: Seed = 0,
        device: Device = "auto",
        devices: PositiveInt | None = None,
        num_nodes: PositiveInt | None = None,
        strategy: StrategyName = "auto",
        accumulate: PositiveInt = 1,
        precision: Precision = "32-true",
        num_workers: NonNegativeInt = 0,
        log_dir: str = "runs",
        run_dir: str | None = None,
        on_nan: Literal["stop", "skip"] = "stop",
        max_skipped: PositiveInt = 10,
        save_minutes: PositiveFloat = 10.0,
        keep_last: PositiveInt = 2,
        keep_every: NonNegativeInt = 0,
        loggers: list[str | dict[str, Any]] | None = None,
        report: bool = True,
    ) -> None:
        if other := [name for name, value in model.state_dict().items() if not isinstance(value, Tensor)]:
            raise ConfigError(
                f"{type(model).__name__}: {other[0]} of the state_dict must be a tensor, since a checkpoint holds "
                "nothing else of a model; register it as a buffer."
            )
        self.config, self.pretraining = dict(config), pretraining
        self.model: Any = model
        self.trained: nn.Module = model
        self.dataset = dataset
        self.epochs, self.batch_size, self.seed = epochs, batch_size, seed
        self.min_steps_per_epoch = min_steps_per_epoch
        self.optimizer_config: OptimizerConfig = OPTIMIZERS.build(optimizer or {"name": "AdamW"})
        self.schedule: Schedule = SCHEDULES.build(schedule or {"name": "constant"})
        self.clip_grad_norm = clip_grad_norm
        self.scales_gradients = precision == "16-mixed"  # the scaler skips steps whose gradients overflow
        self.optimizer_config.fused = not (self.scales_gradients and clip_grad_norm)
        self.on_nan, self.max_skipped, self.skipped = on_nan, max_skipped, 0
        self.log_dir, self.run_dir = log_dir, run_dir
        self.save_minutes, self.keep_last, self.keep_every = save_minutes, keep_last, keep_every
        self.num_workers, self.report = num_workers, report
        self.loggers = build_loggers(DEFAULT_LOGGERS if loggers is None else loggers)
        self.trained_on: LabelledTraining | None = None
        self.chosen_on: CloudSet | None = None
        self.progress = Progress(0, 0, 0, epochs)
        self.history: list[dict[str, float]] = []
        self.accumulate = accumulate
        self.share: Tensor | float = 1.0
        self.fabric = make_fabric(device, precision, devices, num_nodes, strategy)

    @abstractmethod
    def training_split(self) -> PointCloudSplit:
        """Return the clouds to train on."""

    @abstractmethod
    def losses(self, model: nn.Module, clouds: Batch) -> MethodOutput:
        """Return the losses of a batch.

        Args:
            model: ``trained`` as Fabric wraps it, so that a call of it has the precision of the config.
            clouds: as ``training_data`` gives them.
        """

    def training_data(self, split: PointCloudSplit) -> Dataset[Any]:
        """Return what reads batches of the clouds to train on, with ``cloud_id`` (default: the split's clouds)."""
        return NumberedClouds(split)

    def batches(self, split: PointCloudSplit, order: torch.Generator) -> Sampler[list[int]]:
        """Return the indices of each batch, drawn from ``order`` in each epoch (default: all clouds, in batches of
        nearly equal size with at most ``batch_size`` clouds)."""
        return BalancedBatchSampler(len(split), self.batch_size, order)

    def before_epoch(self, progress: Progress) -> None:
        """Called before the first step of each epoch, but not when a run is resumed within an epoch."""
        return

    def set_train_mode(self) -> None:
        """Called before the steps of an epoch (default: puts the model into training mode)."""
        self.model.train()

    def before_step(self, progress: Progress) -> None:
        """Called when the gradients are computed, before they are clipped and the weights move."""
        return

    def after_step(self, progress: Progress) -> None:
        """Called when the weights have moved; ``progress`` counts the step."""
        return

    def measure_epoch(self) -> dict[str, float]:
        """Return further metrics of a finished epoch (default: none)."""
        return {}

    def is_best(self, metrics: Mapping[str, float]) -> bool:
        """Return whether the epoch is to be kept as the best so far (default: no, the last one counts)."""
        return False

    def report_split(self) -> tuple[str, PointCloudSplit]:
        """Return the name and the clouds of the split that the run's report shows (default: the training split, which
        is read already)."""
        return "train", self.split("train")

    def state(self) -> dict[str, Any]:
        """Return what the pipeline remembers from epoch to epoch, as plain values for the checkpoint (default:
        nothing)."""
        return {}

    def load_state(self, state: Mapping[str, Any]) -> None:
        """Restore what :meth:`state` returned (default: nothing)."""
        return

    def is_over(self) -> bool:
        """Return whether to stop before the last epoch (default: no)."""
        return False

    def loss_names(self) -> list[str]:
        """Return the names of the losses for the checkpoint (default: none)."""
        return []

    def warnings(self, metrics: Mapping[str, float]) -> list[str]:
        """Return warnings about a finished epoch's metrics (default: none)."""
        return []

    def train_step(self, model: nn.Module, clouds: Batch) -> MethodOutput:
        """Make one optimiser step; a pipeline with several optimisers overrides it, and lets
        :func:`~conclu_pyg.pipelines.gradients.compute_gradients` share the work between processes and parts.

        Args:
            model: as for :meth:`losses`.
            clouds: as for :meth:`losses`.

        Raises:
            NonFiniteStep: a loss or a gradient is not finite; the weights have not moved.
        """
        self.optimizer.zero_grad()
        output = compute_gradients(self, model, clouds)
        check_step(output, self.model, gradients=not self.scales_gradients)
        self.before_step(self.progress)  # before the clipping, so that a gradient that it discards does not count
        if self.clip_grad_norm is not None:
            self.fabric.clip_gradients(model, self.optimizer, max_norm=self.clip_grad_norm, error_if_nonfinite=False)
        self.optimizer.step()
        if self.schedule.interval == "step":
            self.scheduler.step()
        self.progress = self.progress._replace(step=self.progress.step + 1)
        self.after_step(self.progress)
        return output

    @property
    def up_axis(self) -> int:
        """The coordinate that points up in the clouds of a step: that of the clouds which the encoder was pre-trained
        on, or, where it was not or does not know, of the data set."""
        known = None if self.pretraining is None else self.pretraining.up_axis
        return self.dataset.up_axis if known is None else known

    def split(self, name: str) -> PointCloudSplit:
        """A split of the data set, its clouds turned where the encoder knows those in which another coordinate points
        up."""
        return self.dataset.get_split(name, up_axis=self.up_axis)
