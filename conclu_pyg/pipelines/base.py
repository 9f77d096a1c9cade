"""The training loop, and what every pipeline shares around it."""

from __future__ import annotations

import logging
import math
import time
import warnings
from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, Literal

import torch
from lightning_fabric import Fabric
from torch import nn
from torch.optim.lr_scheduler import LRScheduler
from torch.utils.data import DataLoader, Sampler
from torch_geometric.data import Batch

from conclu_pyg.data.base import PointCloudDataset, PointCloudSplit
from conclu_pyg.data.batch_sampler import BalancedBatchSampler
from conclu_pyg.device import choose_device
from conclu_pyg.errors import ConcluError, ConcluWarning, ConfigError
from conclu_pyg.methods.base import MethodOutput, epoch_warnings, loss_terms
from conclu_pyg.pipelines.interrupt import Interrupt
from conclu_pyg.pipelines.metrics_log import EpochMean, MetricsLog, read_metrics
from conclu_pyg.pipelines.status import epoch_line, step_status
from conclu_pyg.progress import progress_bar
from conclu_pyg.registry import METHODS, Registry
from conclu_pyg.runs.checkpoint import Checkpoint
from conclu_pyg.runs.folder import BEST, CURVES_NAME, LAST, make_run_folder
from conclu_pyg.runs.pretrained import pretraining_of
from conclu_pyg.runs.records import command_line
from conclu_pyg.seeding import random_state, seed_all
from conclu_pyg.text import pluralize
from conclu_pyg.vis.curves import plot_curves

logger = logging.getLogger(__name__)

Device = Literal["auto", "cpu", "cuda", "mps"]
Precision = Literal["32-true", "bf16-mixed", "16-mixed"]


class Pipeline(ABC):
    """Trains a model on a data set: a pipeline says which clouds, and what a step makes of them.

    Its constructor takes what is its own, and passes the rest on as ``**options``; it makes ``optimizer`` and
    ``scheduler``.

    Args:
        model: what is trained.
        dataset: the data set.
        config: the resolved config, for the run folder and the checkpoints.
        epochs: how many there are.
        batch_size: clouds in a step.
        seed: rules whatever is drawn, initial weights and the order among it; up to 2^32 - 1 (default: 0).
        device: ``auto``, ``cpu``, ``cuda`` or ``mps`` (default: auto).
        precision: of the products; the weights stay in float32 (default: 32-true).
        num_workers: processes that read ahead (default: 0, enough for a memory map).
        log_dir: where run folders are made (default: runs).
        run_dir: the run folder itself, new or empty (default: a new one in ``log_dir``).
        keep_every: keeps the checkpoint of every so many epochs beside the last one; 0 keeps none (default: 0).

    Attributes:
        optimizer, scheduler: made for the model by the pipeline; the scheduler goes on after each epoch.

    Raises:
        ConfigError: a number out of its range, or a device that is not there.
    """

    def __init__(
        self,
        model: nn.Module,
        dataset: PointCloudDataset,
        config: Mapping[str, Any],
        *,
        epochs: int,
        batch_size: int,
        seed: int = 0,
        device: Device = "auto",
        precision: Precision = "32-true",
        num_workers: int = 0,
        log_dir: str = "runs",
        run_dir: str | None = None,
        keep_every: int = 0,
    ) -> None:
        check_at_least(1, epochs=epochs)
        check_at_least(2, batch_size=batch_size)
        check_at_least(0, num_workers=num_workers, keep_every=keep_every)
        self.config = dict(config)
        self.model: Any = model
        self.dataset = dataset
        self.epochs, self.batch_size, self.seed = epochs, batch_size, seed
        self.log_dir, self.run_dir = log_dir, run_dir
        self.keep_every, self.num_workers = keep_every, num_workers
        self.trained_on = self.chosen_on = ""
        self._began, self._num_points = time.perf_counter(), 0
        accelerator = choose_device(device).type
        if precision == "16-mixed" and accelerator == "cpu":
            raise ConfigError("pipeline.precision=16-mixed needs a GPU; give bf16-mixed or 32-true for the CPU.")
        self.fabric = Fabric(accelerator=accelerator, devices=1, precision=precision)

    optimizer: torch.optim.Optimizer
    scheduler: LRScheduler
    models: ClassVar[Registry] = METHODS  # what builds the config's section `model`
    headline: ClassVar[Mapping[str, str]] = {}  # metrics beside the losses in the line of an epoch, each a format

    @abstractmethod
    def training_split(self) -> PointCloudSplit:
        """The clouds to train on."""

    @abstractmethod
    def step(self, model: nn.Module, clouds: Batch) -> MethodOutput:
        """The losses of a batch.

        Args:
            model: the model as Fabric wraps it, so that a call of it has the precision that was asked for.
            clouds: as the split gives them.
        """

    def batches(self, split: PointCloudSplit, order: torch.Generator) -> Sampler[list[int]]:
        """The clouds of each batch of an epoch, drawn by ``order`` anew in each (default: all of them, in batches of
        nearly equal size, of which ``batch_size`` is the most)."""
        return BalancedBatchSampler(len(split), self.batch_size, order)

    def prepare_epoch(self) -> None:
        """What is done before each epoch (default: the model is put into training mode)."""
        self.model.train()

    def measure_epoch(self) -> dict[str, float]:
        """Figures of a finished epoch beside the losses' means (default: none)."""
        return {}

    def is_best(self, metrics: Mapping[str, float]) -> bool:
        """Whether the epoch is to be kept as the best so far (default: no: the last one counts)."""
        return False

    def state(self) -> dict[str, Any]:
        """What the pipeline remembers from epoch to epoch, as plain values for the checkpoint (default: nothing)."""
        return {}

    def is_over(self) -> bool:
        """Whether to stop before the last epoch (default: no)."""
        return False

    def run_train(self) -> Path:
        """Trains for ``epochs`` and gives the run folder.

        Raises:
            KeyboardInterrupt: after Ctrl-C, once the state is saved.
            ConfigError: clouds that are too few, or a run folder that cannot be made.
            ConcluError: the loss or a weight is not finite.
        """
        split = self.training_split()
        self._num_points = split.pos.shape[1]
        if self.up_axis != self.dataset.up_axis:
            found, wanted = ("xyz"[axis] for axis in (self.dataset.up_axis, self.up_axis))
            logger.info(f"clouds are turned from {found} up to {wanted} up, as the encoder knows them")
        folder = make_run_folder(self.config, self.log_dir, self.run_dir)
        logger.info(f"{split!r}; the run is written to {folder}")

        self._began = time.perf_counter()
        order = seed_all(self.seed)
        batches = DataLoader(
            split,
            batch_sampler=self.batches(split, order),
            generator=order,
            num_workers=self.num_workers,
            collate_fn=_as_read,
        )
        loader: Any = self.fabric.setup_dataloaders(batches)
        model, optimizer = self.fabric.setup(self.model, self.optimizer)

        step = 0
        with Interrupt() as interrupt, MetricsLog(folder) as log:
            for epoch in range(self.epochs):
                self.prepare_epoch()
                drawn_from, began, mean, seen = order.get_state(), time.perf_counter(), EpochMean(), 0
                with progress_bar(f"epoch {epoch + 1}/{self.epochs}", len(loader)) as bar:
                    for batch, clouds in enumerate(loader, start=1):
                        output = self.step(model, clouds)
                        loss = torch.stack(list(output.losses.values())).sum()
                        optimizer.zero_grad()
                        self.fabric.backward(loss)
                        optimizer.step()

                        step += 1
                        seen += clouds.num_graphs
                        terms = {f"loss/{name}": value for name, value in output.losses.items()}
                        mean.update({"loss": loss, **terms, **output.statistics})
                        if step == 1:
                            logger.info(f"first step done: loss {loss.item():.3f}")
                        status = ""
                        if bar.should_report:  # reading the losses waits for the device
                            losses = {name: value.item() for name, value in output.losses.items()}
                            status = step_status(losses, seen / (time.perf_counter() - began))
                        bar.update(status=status)
                        if interrupt.requested:
                            self._check_finite(folder, epoch + 1, mean.compute()["loss"])
                            self._checkpoint(epoch, batch, step, drawn_from, mean).save(folder / LAST)
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
                    "step": step,
                    "lr": float(self.scheduler.get_last_lr()[0]),
                    "seconds": seconds,
                    "clouds_per_second": seen / seconds,
                    **means,
                    **self.measure_epoch(),
                }
                self.scheduler.step()
                best = self.is_best(metrics)  # before the checkpoint, which remembers it
                self._finish_epoch(folder, log, metrics, self._checkpoint(epoch + 1, 0, step, order.get_state()), best)
                if self.is_over():
                    break
        return folder

    def _finish_epoch(
        self, folder: Path, log: MetricsLog, metrics: dict[str, float], checkpoint: Checkpoint, best: bool
    ) -> None:
        """Writes and shows what the epoch gave."""
        log.write(metrics)
        plot_curves(read_metrics(folder), folder / CURVES_NAME)
        logger.info(epoch_line(metrics, self.epochs, self.headline))
        checkpoint.save(folder / LAST)
        if best:
            checkpoint.save(folder / BEST)
        if self.keep_every and checkpoint.epoch % self.keep_every == 0:
            checkpoint.save(folder / LAST.parent / f"epoch_{checkpoint.epoch:04d}.safetensors")
        for sentence in epoch_warnings(self.model, metrics):
            warnings.warn(sentence, ConcluWarning, stacklevel=2)

    def _check_finite(self, folder: Path, epoch: int, loss: float) -> None:
        """Refuses to save a state that no training can go on from."""
        if math.isfinite(loss) and all(value.isfinite().all() for value in self.model.state_dict().values()):
            return
        kept = f"{folder / LAST} keeps the epoch before it" if (folder / LAST).exists() else "nothing was saved"
        raise ConcluError(
            f"the loss or a weight was not finite in epoch {epoch}; {kept}. Lower pipeline.lr, or give "
            "pipeline.precision=32-true where it is another."
        )

    def _checkpoint(
        self, epoch: int, batch: int, step: int, drawn_from: torch.Tensor, mean: EpochMean | None = None
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
            step=step,
            optimizer=self.optimizer.state_dict(),
            scheduler=self.scheduler.state_dict(),
            random=random_state(drawn_from),
            precision=dict(self.fabric.strategy.precision.state_dict()),
            metrics=mean.state() if mean else {},
            labels=self.dataset.labels.state(),
            terms=tuple(loss_terms(self.model)),
            pretraining=pretraining.state() if pretraining else {},
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


def check_at_least(least: int, **values: int) -> None:
    """Refuses numbers of a pipeline that are too small.

    Raises:
        ConfigError: names the key.
    """
    for key, value in values.items():
        if value < least:
            raise ConfigError(f"pipeline.{key} must be at least {least}, found {value}.")


def _as_read(batch: Batch) -> Batch:
    """The split reads whole batches; there is nothing to collate. (A function of the module, for worker processes.)"""
    return batch
