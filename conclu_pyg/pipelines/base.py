"""The training loop that every pipeline shares."""

from __future__ import annotations

import logging
import math
import time
import warnings
from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

import torch
from annotated_types import Ge
from lightning_fabric import Fabric
from torch import Tensor, nn
from torch.optim.lr_scheduler import LRScheduler
from torch.utils.data import DataLoader, Dataset, Sampler
from torch_geometric.data import Batch

from conclu_pyg.arguments import validated
from conclu_pyg.constraints import NonNegativeInt, PositiveFloat, PositiveInt
from conclu_pyg.data.base import PointCloudDataset, PointCloudSplit
from conclu_pyg.data.batch_sampler import BalancedBatchSampler
from conclu_pyg.device import choose_device
from conclu_pyg.errors import ConcluError, ConcluWarning, ConfigError
from conclu_pyg.extras import is_installed, missing_extra
from conclu_pyg.methods.base import MethodOutput, Progress
from conclu_pyg.pipelines.interrupt import Interrupt
from conclu_pyg.pipelines.metrics_log import EpochMean, MetricsLog, read_metrics
from conclu_pyg.pipelines.optimization import OPTIMIZERS, SCHEDULES, OptimizerConfig, Schedule
from conclu_pyg.pipelines.status import epoch_line, step_status
from conclu_pyg.progress import progress_bar
from conclu_pyg.registry import METHODS, Registry
from conclu_pyg.runs.checkpoint import Checkpoint
from conclu_pyg.runs.folder import BEST, CURVES_NAME, LAST, make_run_folder
from conclu_pyg.runs.pretrained import pretraining_of
from conclu_pyg.runs.provenance import CloudSet, LabelledTraining
from conclu_pyg.runs.records import command_line
from conclu_pyg.seeding import Seed, random_state, seed_all
from conclu_pyg.text import pluralize
from conclu_pyg.vis.curves import plot_curves

logger = logging.getLogger(__name__)

Device = Literal["auto", "cpu", "cuda", "mps"]
Precision = Literal["32-true", "bf16-mixed", "16-mixed"]


class Pipeline(ABC):
    """Trains a model on a data set: a subclass chooses the clouds and computes the losses of a batch.

    The constructor of a subclass takes its own options, passes the rest on as ``**options``, and sets ``optimizer``.

    Args:
        model: the model to train.
        dataset: the data set.
        config: the resolved config, for the run folder and the checkpoints.
        epochs: the number of epochs.
        batch_size: clouds in a step.
        optimizer: config of the optimiser, for :data:`~conclu_pyg.pipelines.optimization.OPTIMIZERS` (default: AdamW
            with a learning rate of 0.001 and a weight decay of 0.01).
        schedule: config of the learning rate's schedule, for :data:`~conclu_pyg.pipelines.optimization.SCHEDULES`
            (default: constant).
        clip_grad_norm: the largest norm of the gradient of all parameters together; a longer gradient is scaled down
            to it (default: no limit).
        seed: of the initial weights, the order of the clouds and all other draws; up to 2^32 - 1 (default: 0).
        device: ``auto``, ``cpu``, ``cuda`` or ``mps`` (default: auto).
        precision: of the products; the weights stay in float32 (default: 32-true).
        num_workers: processes that read ahead (default: 0, enough for a memory map).
        log_dir: the folder of the run folders (default: runs).
        run_dir: the run folder itself, new or empty (default: a new one in ``log_dir``).
        keep_every: also keeps the checkpoint of every epoch that is a multiple of this; 0 keeps none (default: 0).

    Attributes:
        optimizer: set by the subclass, usually by ``self.optimizer_config.build(groups)``.
        optimizer_config, schedule: the two sections of the config, built.
        scheduler: of the learning rates, made when the training begins.
        trained: the module that is called in a step (default: the model).
        progress: the position of the training.

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
        epochs: PositiveInt,
        batch_size: Annotated[int, Ge(2)],
        optimizer: dict[str, Any] | None = None,
        schedule: dict[str, Any] | None = None,
        clip_grad_norm: PositiveFloat | None = None,
        seed: Seed = 0,
        device: Device = "auto",
        precision: Precision = "32-true",
        num_workers: NonNegativeInt = 0,
        log_dir: str = "runs",
        run_dir: str | None = None,
        keep_every: NonNegativeInt = 0,
    ) -> None:
        if other := [name for name, value in model.state_dict().items() if not isinstance(value, Tensor)]:
            raise ConfigError(
                f"{type(model).__name__}: {other[0]} of the state_dict must be a tensor, since a checkpoint holds "
                "nothing else of a model; register it as a buffer."
            )
        self.config = dict(config)
        self.model: Any = model
        self.trained: nn.Module = model
        self.dataset = dataset
        self.epochs, self.batch_size, self.seed = epochs, batch_size, seed
        self.optimizer_config: OptimizerConfig = OPTIMIZERS.build(optimizer or {"name": "AdamW"})
        self.schedule: Schedule = SCHEDULES.build(schedule or {"name": "constant"})
        self.clip_grad_norm = clip_grad_norm
        self.optimizer_config.fused = not (precision == "16-mixed" and clip_grad_norm)
        self.log_dir, self.run_dir = log_dir, run_dir
        self.keep_every, self.num_workers = keep_every, num_workers
        self.trained_on: LabelledTraining | None = None
        self.chosen_on: CloudSet | None = None
        self.progress = Progress(0, 0, 0, epochs)
        self._began, self._num_points = time.perf_counter(), 0
        accelerator = choose_device(device).type
        if precision == "16-mixed" and accelerator == "cpu":
            raise ConfigError("pipeline.precision=16-mixed needs a GPU; give bf16-mixed or 32-true for the CPU.")
        self.fabric = Fabric(accelerator=accelerator, devices=1, precision=precision)

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
        """Return what reads batches of the clouds to train on (default: the split itself)."""
        return split

    def batches(self, split: PointCloudSplit, order: torch.Generator) -> Sampler[list[int]]:
        """Return the indices of each batch, drawn from ``order`` in each epoch (default: all clouds, in batches of
        nearly equal size with at most ``batch_size`` clouds)."""
        return BalancedBatchSampler(len(split), self.batch_size, order)

    def before_epoch(self, progress: Progress) -> None:
        """Called before each epoch (default: puts the model into training mode)."""
        self.model.train()

    def before_step(self, progress: Progress) -> None:
        """Called when the gradients are computed and the weights have not moved yet."""
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

    def state(self) -> dict[str, Any]:
        """Return what the pipeline remembers from epoch to epoch, as plain values for the checkpoint (default:
        nothing)."""
        return {}

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
        """Make one optimiser step; a pipeline with several optimisers overrides it.

        Args:
            model: as for :meth:`losses`.
            clouds: as for :meth:`losses`.
        """
        output = self.losses(model, clouds)
        loss = total_loss(output)
        self.optimizer.zero_grad()
        self.fabric.backward(loss)
        if self.clip_grad_norm is not None:
            self.fabric.clip_gradients(model, self.optimizer, max_norm=self.clip_grad_norm, error_if_nonfinite=False)
        self.before_step(self.progress)
        self.optimizer.step()
        if self.schedule.interval == "step":
            self.scheduler.step()
        self.progress = self.progress._replace(step=self.progress.step + 1)
        self.after_step(self.progress)
        return output

    def run_train(self) -> Path:
        """Train for ``epochs`` and return the run folder.

        Raises:
            KeyboardInterrupt: after Ctrl-C, once the state is saved.
            ConfigError: clouds that are too few, or a run folder that cannot be made.
            ConcluError: the loss or a weight is not finite.
        """
        split = self.training_split()
        self._num_points = split.pos.shape[1]
        if self.up_axis != self.dataset.up_axis:
            source, target = ("xyz"[axis] for axis in (self.dataset.up_axis, self.up_axis))
            logger.info(f"clouds are turned from {source} up to {target} up, as the encoder knows them")
        folder = make_run_folder(self.config, self.log_dir, self.run_dir)
        logger.info(f"{split!r}; the run is written to {folder}")
        for package, file in (("matplotlib", CURVES_NAME), ("tensorboard", "the event file of TensorBoard")):
            if not is_installed(package):
                logger.info(f"{file} is not written: {missing_extra(package)}")

        self._began = time.perf_counter()
        order = seed_all(self.seed)
        batches = DataLoader(
            self.training_data(split),
            batch_sampler=self.batches(split, order),
            generator=order,
            num_workers=self.num_workers,
            collate_fn=_as_read,
        )
        loader: Any = self.fabric.setup_dataloaders(batches)
        self.scheduler = self.schedule.build(self.optimizer, self.epochs, len(loader))
        model, self.optimizer = self.fabric.setup(self.trained, self.optimizer)

        self.progress = Progress(0, self.epochs * len(loader), 0, self.epochs)
        with Interrupt() as interrupt, MetricsLog(folder) as log:
            for epoch in range(self.epochs):
                self.progress = self.progress._replace(epoch=epoch)
                self.before_epoch(self.progress)
                drawn_from, began, mean, seen = order.get_state(), time.perf_counter(), EpochMean(), 0
                with progress_bar(f"epoch {epoch + 1}/{self.epochs}", len(loader)) as bar:
                    for batch, clouds in enumerate(loader, start=1):
                        output = self.train_step(model, clouds)
                        seen += clouds.num_graphs
                        terms = {f"loss/{name}": value for name, value in output.losses.items()}
                        mean.update({"loss": total_loss(output), **terms}, output.metrics)
                        if self.progress.step == 1:
                            logger.info(f"first step done: loss {total_loss(output).item():.3f}")
                        status = ""
                        if bar.should_report:  # reading the losses waits for the device
                            losses = {name: value.item() for name, value in output.losses.items()}
                            status = step_status(losses, seen / (time.perf_counter() - began))
                        bar.update(status=status)
                        if interrupt.requested:
                            self._check_finite(folder, epoch + 1, mean.compute()["loss"])
                            self._checkpoint(epoch, batch, drawn_from, mean).save(folder / LAST)
                            whole = pluralize(len(loader), "batch", "batches")
                            logger.info(
                                f"interrupted in epoch {epoch + 1} after {batch} of its {whole}: saved to "
                                f"{folder / LAST}, which can be evaluated; going on with the training from it is "
                                "not implemented yet"
                            )
                            raise KeyboardInterrupt

                means = mean.compute()  # waits for the device, so the time is that of finished steps
                seconds = time.perf_counter() - began
                self._check_finite(folder, epoch + 1, means["loss"])  # before anything is measured with these weights
                metrics = {
                    "epoch": epoch + 1,
                    "step": self.progress.step,
                    "lr": float(self.scheduler.get_last_lr()[0]),
                    "seconds": seconds,
                    "clouds_per_second": seen / seconds,
                    **means,
                    **self.measure_epoch(),
                }
                if self.schedule.interval == "epoch":
                    self.scheduler.step()
                best = self.is_best(metrics)  # before the checkpoint, which remembers it
                self._finish_epoch(folder, log, metrics, self._checkpoint(epoch + 1, 0, order.get_state()), best)
                if self.is_over():
                    break
        return folder

    def _finish_epoch(
        self, folder: Path, log: MetricsLog, metrics: dict[str, float], checkpoint: Checkpoint, best: bool
    ) -> None:
        """Write and show the results of an epoch."""
        log.write(metrics)
        if is_installed("matplotlib"):
            plot_curves(read_metrics(folder), folder / CURVES_NAME)
        logger.info(epoch_line(metrics, self.epochs, self.progress_metrics))
        checkpoint.save(folder / LAST)
        if best:
            checkpoint.save(folder / BEST)
        if self.keep_every and checkpoint.epoch % self.keep_every == 0:
            checkpoint.save(folder / LAST.parent / f"epoch_{checkpoint.epoch:04d}.safetensors")
        for sentence in self.warnings(metrics):
            warnings.warn(sentence, ConcluWarning, stacklevel=2)

    def _check_finite(self, folder: Path, epoch: int, loss: float) -> None:
        """Refuses to save a state that no training can go on from."""
        if math.isfinite(loss) and all(value.isfinite().all() for value in self.model.state_dict().values()):
            return
        kept = f"{folder / LAST} keeps the epoch before it" if (folder / LAST).exists() else "nothing was saved"
        raise ConcluError(
            f"the loss or a weight was not finite in epoch {epoch}; {kept}. Lower pipeline.optimizer.lr, or give "
            "pipeline.precision=32-true if it is another."
        )

    def _checkpoint(
        self, epoch: int, batch: int, drawn_from: torch.Tensor, mean: EpochMean | None = None
    ) -> Checkpoint:
        pretraining = pretraining_of(self.model.encoder)
        return Checkpoint(
            config=self.config,
            method=self.model.state_dict(),
            dataset=self.dataset.name,
            up_axis=self.up_axis,
            data_axis=self.dataset.up_axis,
            num_points=self._num_points,
            command=command_line(),
            seconds=time.perf_counter() - self._began,
            epoch=epoch,
            batch=batch,
            step=self.progress.step,
            optimizer=self.optimizer.state_dict(),
            scheduler=self.scheduler.state_dict(),
            random=random_state(drawn_from),
            precision=dict(self.fabric.strategy.precision.state_dict()),
            metrics=mean.state() if mean else {},
            labels=self.dataset.labels.state(),
            terms=tuple(self.loss_names()),
            pretraining=pretraining,
            trained_on=self.trained_on,
            chosen_on=self.chosen_on,
            pipeline=self.state(),
        )

    @property
    def up_axis(self) -> int:
        """The coordinate that points up in the clouds of a step: that of the clouds which the encoder was pre-trained
        on, or, where it was not or does not know, of the data set."""
        pretraining = pretraining_of(self.model.encoder)
        known = None if pretraining is None else pretraining.up_axis
        return self.dataset.up_axis if known is None else known

    def split(self, name: str) -> PointCloudSplit:
        """A split of the data set, its clouds turned where the encoder knows those in which another coordinate points
        up."""
        return self.dataset.get_split(name, up_axis=self.up_axis)


def total_loss(output: MethodOutput) -> Tensor:
    """Return the sum of the losses, ``[]``."""
    return torch.stack(list(output.losses.values())).sum()


def _as_read(batch: Batch) -> Batch:
    """The split reads whole batches; there is nothing to collate. (A function of the module, for worker processes.)"""
    return batch
