"""Lines about the state of a training, the time that remains, and warnings about its course."""

from __future__ import annotations

import logging
import time
import warnings
from collections.abc import Mapping

from conclu_pyg.errors import ConcluWarning
from conclu_pyg.methods.base import Progress
from conclu_pyg.text import format_duration, pluralize

MIN_STEPS, GOOD_STEPS = 200, 1000  # of a training; below the first, features are as good as random ones
SHOWN_WAIT, MAX_WAIT, MIN_WAIT_S = 0.1, 0.2, 1.0  # waiting for clouds: shares of an epoch, and seconds that matter
ESTIMATE_AFTER_S = 3.0  # of steps, until the remaining time is logged

logger = logging.getLogger(__name__)


class RemainingTime:
    """Estimates the time that remains of a training from its steps after the first, which takes longer than the others.

    Attributes:
        seconds: the estimate; ``None`` before the second step.
    """

    def __init__(self) -> None:
        self.seconds: float | None = None
        self._first: tuple[float, int] | None = None  # when the first step ended, and its number
        self._is_logged = False

    def update(self, progress: Progress) -> None:
        """Estimate the time after a step or an epoch, and log it once, after a few seconds."""
        now = time.perf_counter()
        if self._first is None:
            self._first = now, progress.step
        began, first = self._first
        if progress.step == first:
            return
        self.seconds = (now - began) / (progress.step - first) * (progress.num_steps - progress.step)
        is_over = progress.step >= progress.num_steps
        if now - began >= ESTIMATE_AFTER_S and not (self._is_logged or is_over):
            logger.info(
                f"about {format_duration(self.seconds)} for the other "
                f"{pluralize(progress.num_steps - progress.step, 'step')} of {pluralize(progress.num_epochs, 'epoch')}"
            )
            self._is_logged = True


def step_status(losses: Mapping[str, float], clouds_per_second: float, remaining: float | None = None) -> str:
    """Returns the total loss, each loss, the speed, and the time that remains if it is known and at least a second."""
    terms = "  ".join(f"{name} {value:.3f}" for name, value in losses.items())
    status = f"loss {sum(losses.values()):.3f}  {terms}  {clouds_per_second:,.0f} clouds/s"
    return status if remaining is None or remaining < 1 else f"{status}  {format_duration(remaining)} left"


def epoch_line(
    metrics: Mapping[str, float], epochs: int, progress_metrics: Mapping[str, str], remaining: float | None = None
) -> str:
    """Returns one line about a finished epoch.

    Args:
        metrics: the metrics of the epoch. The wait for data is shown if it is more than a tenth of the time.
        epochs: the number of epochs of the training.
        progress_metrics: further metrics to show if they were measured: a format, such as ``spread {:.2f}``, by the
            name of the metric.
        remaining: seconds that remain, if they are known.
    """
    losses = {name.removeprefix("loss/"): value for name, value in metrics.items() if name.startswith("loss/")}
    status = step_status(losses, metrics["clouds_per_second"], remaining)
    shown = [text.format(metrics[name]) for name, text in progress_metrics.items() if name in metrics]
    if metrics.get("data_wait", 0.0) > SHOWN_WAIT:
        shown.append(f"waiting for data {metrics['data_wait']:.0%}")
    return "  ".join([f"epoch {metrics['epoch']:.0f}/{epochs}", status, *shown])


def data_warnings(metrics: Mapping[str, float], num_workers: int) -> list[str]:
    """Return a warning if the steps of an epoch waited for their clouds for a fifth of its time, and for a second at
    least. The first epoch gives none: its clouds are read from a disk or generated, and kept for the others.

    Args:
        metrics: the metrics of the epoch.
        num_workers: processes that read ahead.
    """
    share = metrics["data_wait"]
    if metrics["epoch"] == 1 or share < MAX_WAIT or share * metrics["seconds"] < MIN_WAIT_S:
        return []
    return [
        f"the training waits for its clouds {share:.0%} of the time; give pipeline.num_workers="
        f"{2 * num_workers or 2}, so that {'more' if num_workers else 'other'} processes read ahead."
    ]


def check_length(progress: Progress) -> None:
    """Warn about a training of fewer than :data:`MIN_STEPS` steps.

    Args:
        progress: before the first step.
    """
    if progress.num_steps >= MIN_STEPS:
        return
    needed = -(-GOOD_STEPS // progress.num_epochs)
    warnings.warn(
        f"the training has only {pluralize(progress.num_steps, 'step')} in {pluralize(progress.num_epochs, 'epoch')}, "
        f"too few to learn from; give pipeline.min_steps_per_epoch={needed}, so that each epoch passes over the clouds "
        "several times.",
        ConcluWarning,
        stacklevel=3,
    )
