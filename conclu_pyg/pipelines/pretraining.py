"""Pre-training without labels: two views of each cloud, a method's losses, a step."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, Literal

import torch
from lightning_fabric import Fabric
from torch import nn
from torch.optim.lr_scheduler import StepLR
from torch.utils.data import DataLoader
from torch_geometric.data import Batch

from conclu_pyg.data.base import PointCloudDataset
from conclu_pyg.engine.checkpoint import Checkpoint
from conclu_pyg.engine.device import choose_device
from conclu_pyg.engine.interrupt import Interrupt
from conclu_pyg.engine.metrics import EpochMean, MetricsLog, read_metrics
from conclu_pyg.engine.progress import console, epoch_line, progress_bar, step_status, warn
from conclu_pyg.engine.records import command_line
from conclu_pyg.engine.run_folder import LAST, make_run_folder
from conclu_pyg.engine.seeding import random_state, seed_all
from conclu_pyg.errors import ConcluError, ConfigError
from conclu_pyg.methods.base import batch_need, epoch_warnings
from conclu_pyg.registry import PIPELINES, TRANSFORMS
from conclu_pyg.transforms import compose
from conclu_pyg.vis.curves import plot_curves

CURVES_NAME = "curves.png"
PAPER_VIEWS: list[dict[str, Any]] = [
    {"name": "RandomHalfSpaceCrop", "keep": 0.85},
    {"name": "SamplePoints", "num_points": 1024},
    {"name": "RandomVerticalRotate", "degrees": 5.0},
    {"name": "RandomJitter", "sigma": 0.01, "clip": 0.025},
]


@PIPELINES.register_module()
class Pretraining:
    """Trains a method on the training split of a data set; the labels are not read.

    Args:
        model: the method.
        dataset: the data set.
        config: the resolved config, for the run folder and the checkpoints.
        views: configs of the transforms that make a view (default: the paper's).
        epochs: (default: 200).
        batch_size: clouds in a step; a last, smaller batch of an epoch is left out (default: 128).
        lr: learning rate of AdamW (default: 0.001).
        weight_decay: of AdamW (default: 0.01).
        lr_decay: factor on the learning rate (default: 0.7) every
        lr_decay_epochs: epochs (default: 20).
        seed: rules initial weights, order and views; up to 2^32 - 1 (default: 0).
        device: ``auto``, ``cpu``, ``cuda`` or ``mps`` (default: auto).
        precision: of the products; the weights stay in float32 (default: 32-true).
        num_workers: processes that read ahead (default: 0, enough for a memory map).
        log_dir: where run folders are made (default: runs).
        run_dir: the run folder itself, new or empty (default: a new one in ``log_dir``).
        keep_every: keeps the checkpoint of every so many epochs beside the last one; 0 keeps none (default: 0).

    Raises:
        ConfigError: a number out of its range, or a device that is not there.
    """

    built_from: ClassVar = {"views": TRANSFORMS}

    def __init__(
        self,
        model: nn.Module,
        dataset: PointCloudDataset,
        config: Mapping[str, Any],
        views: list[dict[str, Any]] | None = None,
        epochs: int = 200,
        batch_size: int = 128,
        lr: float = 1e-3,
        weight_decay: float = 0.01,
        lr_decay: float = 0.7,
        lr_decay_epochs: int = 20,
        seed: int = 0,
        device: Literal["auto", "cpu", "cuda", "mps"] = "auto",
        precision: Literal["32-true", "bf16-mixed", "16-mixed"] = "32-true",
        num_workers: int = 0,
        log_dir: str = "runs",
        run_dir: str | None = None,
        keep_every: int = 0,
    ) -> None:
        for key, value, least in (
            ("epochs", epochs, 1),
            ("batch_size", batch_size, 2),
            ("lr_decay_epochs", lr_decay_epochs, 1),
            ("num_workers", num_workers, 0),
            ("keep_every", keep_every, 0),
        ):
            if value < least:
                raise ConfigError(f"pipeline.{key} must be at least {least}, found {value}.")
        if not (0 < lr < math.inf and 0 <= weight_decay < math.inf and 0 < lr_decay <= 1):
            raise ConfigError(
                "pipeline.lr must be finite and above 0, weight_decay finite and at least 0 and lr_decay in (0, 1], "
                f"found {lr}, {weight_decay} and {lr_decay}."
            )
        self.config = dict(config)
        self.model, self.dataset = model, dataset
        self.views = compose(PAPER_VIEWS if views is None else views, vertical_axis=dataset.vertical_axis)
        self.epochs, self.batch_size, self.seed = epochs, batch_size, seed
        self.log_dir, self.run_dir = log_dir, run_dir
        self.keep_every, self.num_workers = keep_every, num_workers
        self.optimizer = torch.optim.AdamW(
            [parameter for parameter in model.parameters() if parameter.requires_grad],
            lr=lr,
            weight_decay=weight_decay,
            fused=True,
        )
        self.scheduler = StepLR(self.optimizer, lr_decay_epochs, lr_decay)
        self._began = time.perf_counter()
        accelerator = choose_device(device).type
        if precision == "16-mixed" and accelerator == "cpu":
            raise ConfigError("pipeline.precision=16-mixed needs a GPU; give bf16-mixed or 32-true for the CPU.")
        self.fabric = Fabric(accelerator=accelerator, devices=1, precision=precision)

    def run_train(self) -> Path:
        """Trains for ``epochs`` and gives the run folder.

        Raises:
            KeyboardInterrupt: after Ctrl-C, once the state is saved.
            ConfigError: a batch that is larger than the training split, or a run folder that cannot be made.
            ConcluError: the loss or a weight is not finite.
        """
        split = self.dataset.get_split("train")
        self._check_batch(len(split))
        folder = make_run_folder(self.config, self.log_dir, self.run_dir)
        console.print(f"{split!r}; the run is written to {folder}")

        self._began = time.perf_counter()
        order = seed_all(self.seed)
        batches = DataLoader(
            split,
            self.batch_size,
            shuffle=True,
            drop_last=True,
            generator=order,
            num_workers=self.num_workers,
            collate_fn=_as_read,
        )
        loader: Any = self.fabric.setup_dataloaders(batches)
        method, optimizer = self.fabric.setup(self.model, self.optimizer)
        method.train()

        step = 0
        with Interrupt() as interrupt, MetricsLog(folder) as log, progress_bar() as bar:
            for epoch in range(self.epochs):
                drawn_from, began, mean = order.get_state(), time.perf_counter(), EpochMean()
                task = bar.add_task(f"epoch {epoch + 1}/{self.epochs}", total=len(loader), status="")
                for batch, clouds in enumerate(loader, start=1):
                    output = method(self.views(clouds), self.views(clouds))
                    loss = torch.stack(list(output.losses.values())).sum()
                    optimizer.zero_grad()
                    self.fabric.backward(loss)
                    optimizer.step()

                    step += 1
                    terms = {f"loss/{name}": value for name, value in output.losses.items()}
                    mean.update({"loss": loss, **terms, **output.statistics})
                    if step == 1:
                        console.print(f"first step done: loss {loss.item():.3f}")
                    if not bar.disable:
                        speed = batch * self.batch_size / (time.perf_counter() - began)
                        losses = {name: value.item() for name, value in output.losses.items()}
                        bar.update(task, advance=1, status=step_status(losses, speed))
                    if interrupt.requested:
                        self._check_finite(folder, epoch + 1, mean.compute()["loss"])
                        self._checkpoint(epoch, batch, step, drawn_from, mean).save(folder / LAST)
                        console.print(f"interrupted in epoch {epoch + 1}, step {step}: saved to {folder / LAST}")
                        raise KeyboardInterrupt
                bar.remove_task(task)

                means = mean.compute()  # waits for the device, so the time is that of finished steps
                seconds = time.perf_counter() - began
                metrics = {
                    "epoch": epoch + 1,
                    "step": step,
                    "lr": float(self.scheduler.get_last_lr()[0]),
                    "seconds": seconds,
                    "clouds_per_second": len(loader) * self.batch_size / seconds,
                    **means,
                }
                self.scheduler.step()
                self._finish_epoch(folder, log, metrics, self._checkpoint(epoch + 1, 0, step, order.get_state()))
        return folder

    def _finish_epoch(self, folder: Path, log: MetricsLog, metrics: dict[str, float], checkpoint: Checkpoint) -> None:
        """Writes and shows what the epoch gave."""
        log.write(metrics)
        plot_curves(read_metrics(folder), folder / CURVES_NAME)
        console.print(epoch_line(metrics, self.epochs))
        self._check_finite(folder, checkpoint.epoch, metrics["loss"])
        checkpoint.save(folder / LAST)
        if self.keep_every and checkpoint.epoch % self.keep_every == 0:
            checkpoint.save(folder / LAST.parent / f"epoch_{checkpoint.epoch:04d}.pt")
        for sentence in epoch_warnings(self.model, metrics):
            warn(sentence)

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
        return Checkpoint(
            config=self.config,
            method=self.model.state_dict(),
            dataset=self.dataset.name,
            vertical_axis=self.dataset.vertical_axis,
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
        )

    def _check_batch(self, clouds: int) -> None:
        """Refuses a batch larger than the data set, and warns of one smaller than the method needs."""
        need = batch_need(self.model)
        if self.batch_size > clouds:
            fewer = f", and no more than that of {need.what} by {need.option}" if need and need.clouds > clouds else ""
            raise ConfigError(
                f"pipeline.batch_size={self.batch_size} is more than the {clouds} clouds of the training split; give a "
                f"smaller one{fewer}."
            )
        if need and self.batch_size < need.clouds:
            warn(
                f"pipeline.batch_size={self.batch_size} is below {need.what}, so that {need.otherwise}; give a larger "
                f"batch or fewer {need.option}."
            )


def _as_read(batch: Batch) -> Batch:
    """The split reads whole batches; there is nothing to collate. (A function of the module, for worker processes.)"""
    return batch
