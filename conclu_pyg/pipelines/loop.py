"""The loop over epochs and steps, which saves the state of a run and resumes it."""

from __future__ import annotations

import logging
import math
import re
import time
import warnings
from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from torch import nn
from torch.utils.data import DataLoader, Sampler
from torch_geometric.data import Batch

from conclu_pyg.config_files import read_config
from conclu_pyg.data.batch_sampler import EpochBatches, SharedBatches
from conclu_pyg.data.worker_processes import WorkerProcesses
from conclu_pyg.data.worker_reads import BATCHES_AHEAD, WatchedClouds
from conclu_pyg.errors import ConcluError, ConcluWarning
from conclu_pyg.extras import is_installed, missing_extra
from conclu_pyg.files import remove_abandoned
from conclu_pyg.loggers.csv_file import CSV_NAME
from conclu_pyg.methods.base import Progress
from conclu_pyg.nn.batch_moments import share_batch_norms
from conclu_pyg.pipelines.curves_file import CurvesFile
from conclu_pyg.pipelines.epoch_state import EpochState
from conclu_pyg.pipelines.faults import explain_faults
from conclu_pyg.pipelines.gradients import share_of_step
from conclu_pyg.pipelines.interrupt import Interrupt
from conclu_pyg.pipelines.launch import join
from conclu_pyg.pipelines.metrics_log import MetricsLog
from conclu_pyg.pipelines.nonfinite import NonFiniteStep, StepState, describe_batch, keep_step
from conclu_pyg.pipelines.optimization import advance
from conclu_pyg.pipelines.plan import TrainingPlan
from conclu_pyg.pipelines.report_file import write_report_file
from conclu_pyg.pipelines.resume import check_config
from conclu_pyg.pipelines.snapshot import restore, take_snapshot
from conclu_pyg.pipelines.status import RemainingTime, check_length, data_warnings, epoch_line, step_status
from conclu_pyg.processes import gather_values, largest, num_processes, on_first, rank
from conclu_pyg.progress import progress_bar
from conclu_pyg.runs.checkpoint import Checkpoint
from conclu_pyg.runs.checkpoint_files import CheckpointFiles, newest_checkpoint
from conclu_pyg.runs.folder import CONFIG_NAME, CURVES_NAME, LAST, check_run_dir, make_run_folder, write_config
from conclu_pyg.seeding import random_state, seed_all
from conclu_pyg.text import command, pluralize

logger = logging.getLogger(__name__)


class TrainingLoop:
    """Trains a pipeline's model in a run folder.

    Args:
        pipeline: what is trained, and how: see :class:`~conclu_pyg.pipelines.plan.TrainingPlan`.
    """

    def __init__(self, pipeline: TrainingPlan) -> None:
        self.pipeline = pipeline
        self.remaining = RemainingTime()
        self.warned: set[str] = set()  # the sentences without their digits

    def run(self, resume: Path | None) -> Path:
        """Train and return the run folder; see :meth:`~conclu_pyg.pipelines.base.Pipeline.run_train`."""
        pipeline = self.pipeline
        self._join_processes()
        if resume is None:
            on_first(lambda: check_run_dir(pipeline.run_dir))
        if num_processes() > 1:
            on_first(lambda: len(pipeline.split("train")))  # one process downloads it and fills the cache
        split = pipeline.training_split()
        self.num_points = split.pos.shape[1]
        if pipeline.up_axis != pipeline.dataset.up_axis:
            source, target = ("xyz"[axis] for axis in (pipeline.dataset.up_axis, pipeline.up_axis))
            logger.info(f"clouds are turned from {source} up to {target} up, as the encoder knows them")
        make_folder = partial(make_run_folder, pipeline.config, pipeline.log_dir, pipeline.run_dir)
        self.folder = on_first(make_folder) if resume is None else resume
        checkpoint = None if resume is None else self._newest_checkpoint()
        logger.info(f"{split!r}; the run is written to {self.folder}")
        for package, file in (("matplotlib", CURVES_NAME), ("tensorboard", "the event file of TensorBoard")):
            if not is_installed(package):
                logger.info(f"{file} is not written: {missing_extra(package, 'train')}")

        self.began = self.saved = time.perf_counter()
        order = seed_all(pipeline.seed, rank())
        whole: Sampler[list[int]] = pipeline.batches(split, order)
        own = whole if num_processes() == 1 else SharedBatches(whole, rank(), num_processes())
        batches = EpochBatches(own, pipeline.min_steps_per_epoch)
        self.clouds: Any = pipeline.training_data(split)
        self.reads = WatchedClouds(self.clouds, pipeline.num_workers)
        workers = WorkerProcesses(pipeline.num_workers)
        loader: Any = pipeline.fabric.setup_dataloaders(
            DataLoader(
                self.reads,
                batch_sampler=batches,
                generator=order,
                num_workers=pipeline.num_workers,
                multiprocessing_context=workers.context() if pipeline.num_workers else None,
                prefetch_factor=BATCHES_AHEAD if pipeline.num_workers else None,
                collate_fn=_as_read,
            ),
            use_distributed_sampler=False,
        )
        pipeline.scheduler = pipeline.schedule.build(pipeline.optimizer, pipeline.epochs, len(loader))
        model, pipeline.optimizer = pipeline.fabric.setup(pipeline.trained, pipeline.optimizer)
        pipeline.progress = Progress(0, pipeline.epochs * len(loader), 0, pipeline.epochs)
        check_length(pipeline.progress)
        state = EpochState(order.get_state()) if checkpoint is None else self._resume(checkpoint)

        self.files = CheckpointFiles(self.folder, pipeline.keep_last, pipeline.keep_every)
        self.curves = CurvesFile(self.folder)
        history = None if resume is None else pipeline.history
        logs: list[MetricsLog] = []  # of the first process
        on_first(lambda: logs.append(MetricsLog(self.folder, history, pipeline.loggers, pipeline.config)))
        with (
            Interrupt() as interrupt,
            explain_faults(self.folder, self.reads, workers),
            logs[0] if logs else nullcontext() as log,
        ):
            while pipeline.progress.epoch < pipeline.epochs and not pipeline.is_over():
                if state.batch == 0:
                    pipeline.before_epoch(pipeline.progress)
                pipeline.set_train_mode()
                order.set_state(state.drawn_from)
                batches.skip = state.batch
                self._run_steps(model, loader, state, interrupt)
                self._finish_epoch(state, order.get_state(), log)
                state = EpochState(order.get_state())
            on_first(lambda: logs[0].finish(pipeline))
        on_first(lambda: write_report_file(pipeline, self.folder))
        return self.folder

    def _join_processes(self) -> None:
        """Start or join the other processes of the training, if there are any."""
        pipeline = self.pipeline
        join(pipeline.fabric)
        if num_processes() > 1:
            share_batch_norms(pipeline.model)
            logger.info(f"{num_processes()} processes share the {pipeline.batch_size} clouds of each step")

    def _newest_checkpoint(self) -> Checkpoint | None:
        """Return what the run in the folder is resumed from; ``None`` if it was killed before its first checkpoint."""
        if rank() == 0:
            remove_abandoned(self.folder)
            remove_abandoned(self.folder / LAST.parent)
        checkpoint = newest_checkpoint(self.folder)
        before = read_config(self.folder / CONFIG_NAME) if checkpoint is None else checkpoint.config
        check_config(before, self.pipeline.config, self.folder, 0 if checkpoint is None else checkpoint.epoch)
        on_first(lambda: write_config(self.folder, self.pipeline.config))  # which may have more epochs
        if checkpoint is None:
            logger.info(f"{self.folder} has no checkpoint yet, so its run begins with the first step")
        return checkpoint

    def _resume(self, checkpoint: Checkpoint) -> EpochState:
        state = restore(self.pipeline, checkpoint, str(self.folder))
        self.began -= checkpoint.seconds
        after = f" and {pluralize(state.batch, 'batch', 'batches')}" if state.batch else ""
        logger.info(f"resumed after {pluralize(checkpoint.epoch, 'epoch')}{after}")
        return state

    def _run_steps(self, model: nn.Module, loader: Any, state: EpochState, interrupt: Interrupt) -> None:
        """Make the steps of an epoch that remain."""
        pipeline = self.pipeline
        epoch = pipeline.progress.epoch + 1
        with progress_bar(f"epoch {epoch}/{pipeline.epochs}", len(loader)) as bar:
            bar.update(state.batch)
            for clouds in state.read(self.reads.checked(loader)):
                before = StepState(pipeline.model)
                pipeline.share = share_of_step(clouds)
                try:
                    output = pipeline.train_step(model, clouds)
                except NonFiniteStep as error:
                    self._skip(error, clouds, state, before)
                    bar.update()
                    continue
                state.add(clouds, output, pipeline.share)
                self.remaining.update(pipeline.progress)
                if pipeline.progress.step == 1:
                    logger.info(f"first step done: loss {output.total_loss().item():.3f}")
                status = ""
                if bar.should_report:  # reading the losses waits for the device
                    losses = {name: value.item() for name, value in output.losses.items()}
                    status = step_status(losses, state.speed, self.remaining.seconds)
                bar.update(status=status)
                must_save, must_stop = self._agree(interrupt)
                if must_save:
                    self._check_finite(epoch, state.mean.compute()["loss"])
                    self._save(take_snapshot(pipeline, state, self.num_points, self.began))
                if must_stop:
                    logger.info(
                        f"interrupted in epoch {epoch} after {state.batch} of its "
                        f"{pluralize(len(loader), 'batch', 'batches')}: saved to {self.folder / LAST}; resume it with "
                        f"`{command('train')} {self.folder} --resume`"
                    )
                    raise KeyboardInterrupt

    def _agree(self, interrupt: Interrupt) -> tuple[bool, bool]:
        """Return whether to save and whether to stop, the same in all processes: each takes over the signal of another,
        and the first one's clock tells when a checkpoint is due. A signal that arrives meanwhile counts after the next
        step."""
        due = time.perf_counter() - self.saved > 60 * self.pipeline.save_minutes
        shared = largest(2 * interrupt.received + int(due and rank() == 0), self.pipeline.fabric.device)
        if shared >= 2:
            interrupt.take_over(shared // 2)
        return shared > 0, shared >= 2

    def _skip(self, error: NonFiniteStep, clouds: Batch, state: EpochState, before: StepState) -> None:
        """Leave out a batch whose loss or gradient is not finite.

        Raises:
            ConcluError: too many batches, or ``pipeline.on_nan`` is not ``skip``.
        """
        pipeline = self.pipeline
        step = pipeline.progress.step + 1
        # Gradients are averaged, so one that is not finite in one process is not finite in all of them. The losses show
        # which process it comes from.
        by_loss = gather_values(any(term.startswith("loss/") for term in error.terms))
        is_cause = by_loss[rank()] or not any(by_loss)
        found = gather_values(f"{error}; {describe_batch(clouds, self.clouds.names)}" if is_cause else "")
        described = f"step {step}: {'; '.join(filter(None, found))}"
        name = f"nonfinite_step_{step}"
        kept = self.folder / (f"{name}_process_{rank()}" if rank() else name)
        is_first, is_last = pipeline.skipped == 0, pipeline.on_nan == "stop" or pipeline.skipped >= pipeline.max_skipped
        if is_first or is_last:
            before.restore(generators=True)
            snapshot = take_snapshot(pipeline, state, self.num_points, self.began)
            own = replace(snapshot, random=random_state(state.drawn_from))
            if is_cause:
                keep_step(kept, own, clouds, self.clouds.names)
            folders = filter(None, gather_values(str(kept) if is_cause else ""))
            described += f". The state before the step and its clouds are in {', '.join(folders)}"
        if is_last:
            last = self.folder / LAST
            unchanged = f"{last} is unchanged" if last.exists() else "no checkpoint was saved before it"
            limit = f" after {pipeline.skipped} skipped batches (pipeline.max_skipped)" if pipeline.skipped else ""
            raise ConcluError(
                f"{described}; {unchanged}. The training stops{limit}. Lower pipeline.optimizer.lr, set "
                "pipeline.clip_grad_norm, give pipeline.precision=32-true if it is another, or leave out such batches "
                "by pipeline.on_nan=skip."
            )
        before.restore(generators=False)
        pipeline.optimizer.zero_grad()
        pipeline.skipped += 1
        pipeline.progress = pipeline.progress._replace(step=step)
        if pipeline.schedule.interval == "step":
            advance(pipeline.scheduler)
        state.batch += 1
        warnings.warn(f"{described}. The batch was skipped.", ConcluWarning, stacklevel=2)

    def _finish_epoch(self, state: EpochState, drawn_from: Any, log: MetricsLog | None) -> None:
        """Measure, save, write and show the results of an epoch."""
        pipeline = self.pipeline
        means = state.mean.compute()  # waits for the device, so the time is that of finished steps
        seconds, speed, data_wait = state.duration, state.speed, state.data_wait
        epoch = pipeline.progress.epoch + 1
        if not means:
            raise ConcluError(f"all {state.batch} batches of epoch {epoch} were skipped; see the warnings about them.")
        self._check_finite(epoch, means["loss"])  # before anything is measured with these weights
        metrics = {
            "epoch": epoch,
            "step": pipeline.progress.step,
            "lr": float(pipeline.scheduler.get_last_lr()[0]),
            "seconds": seconds,
            "clouds_per_second": speed,
            "data_wait": data_wait,
            **means,
            **pipeline.measure_epoch(),
        }
        if pipeline.schedule.interval == "epoch":
            advance(pipeline.scheduler)
        best = pipeline.is_best(metrics)  # before the checkpoint, which remembers it
        pipeline.history.append(metrics)
        pipeline.progress = pipeline.progress._replace(epoch=epoch)
        # Before the metrics and the picture, which are written again from the checkpoint if the run is resumed.
        self._save(take_snapshot(pipeline, EpochState(drawn_from), self.num_points, self.began), best)
        on_first(partial(self._write, metrics, log, epoch == pipeline.epochs or pipeline.is_over()))
        self.remaining.update(pipeline.progress)
        logger.info(epoch_line(metrics, pipeline.epochs, pipeline.progress_metrics, self.remaining.seconds))
        for sentence in [*data_warnings(metrics, pipeline.num_workers), *pipeline.warnings(metrics)]:
            if (kind := re.sub(r"\d", "", sentence)) not in self.warned:
                self.warned.add(kind)
                warnings.warn(sentence, ConcluWarning, stacklevel=2)

    def _write(self, metrics: Mapping[str, float], log: MetricsLog | None, last: bool) -> None:
        assert log is not None  # the first process has it
        log.write(metrics)
        if (self.folder / CSV_NAME).exists():  # unless the logger csv is left out
            self.curves.update(last=last)

    def _save(self, checkpoint: Checkpoint, best: bool = False) -> None:
        on_first(lambda: self.files.save(checkpoint, best=best))
        self.saved = time.perf_counter()

    def _check_finite(self, epoch: int, loss: float) -> None:
        """Refuse to save a state that no training can continue from."""
        if math.isfinite(loss) and all(value.isfinite().all() for value in self.pipeline.model.state_dict().values()):
            return
        last = self.folder / LAST
        kept = f"{last} keeps the state before it" if last.exists() else "nothing was saved"
        raise ConcluError(
            f"the loss or a weight was not finite in epoch {epoch}; {kept}. Lower pipeline.optimizer.lr, or give "
            "pipeline.precision=32-true if it is another."
        )


def _as_read(batch: Batch) -> Batch:
    """The split reads whole batches; there is nothing to collate. (A function of the module, for worker processes.)"""
    return batch
