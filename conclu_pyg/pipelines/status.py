"""Lines about the state of a training."""

from __future__ import annotations

from collections.abc import Mapping


def step_status(losses: Mapping[str, float], clouds_per_second: float) -> str:
    """Returns the total loss, each loss, and the speed."""
    terms = "  ".join(f"{name} {value:.3f}" for name, value in losses.items())
    return f"loss {sum(losses.values()):.3f}  {terms}  {clouds_per_second:,.0f} clouds/s"


def epoch_line(metrics: Mapping[str, float], epochs: int, progress_metrics: Mapping[str, str]) -> str:
    """Returns one line about a finished epoch.

    Args:
        metrics: the metrics of the epoch.
        epochs: the number of epochs of the training.
        progress_metrics: further metrics to show if they were measured: a format, such as ``spread {:.2f}``, by the
            name of the metric.
    """
    losses = {name.removeprefix("loss/"): value for name, value in metrics.items() if name.startswith("loss/")}
    status = step_status(losses, metrics["clouds_per_second"])
    shown = [text.format(metrics[name]) for name, text in progress_metrics.items() if name in metrics]
    return "  ".join([f"epoch {metrics['epoch']:.0f}/{epochs}", status, *shown])
