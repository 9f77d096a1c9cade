"""Metrics of a run: averaged over an epoch, and written by loggers."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Any

import torch
from torch import Tensor

from conclu_pyg.errors import one_line
from conclu_pyg.loggers.base import Logger, Row
from conclu_pyg.processes import gather_values, rank
from conclu_pyg.registry import LOGGERS

log = logging.getLogger(__name__)
DEFAULT_LOGGERS = ("csv", "tensorboard")


class EpochMean:
    """The mean of named scalars over the steps of an epoch, kept on their device so that no step waits for it.

    The mean of a metric is taken over the steps that had it. That of a loss is taken over all steps, in which an absent
    loss counts as 0, so that the means of the losses add up to the mean of their sum. Each process adds its share of a
    step; :meth:`state` and :meth:`compute` are those of all processes, which must call them.
    """

    def __init__(self) -> None:
        self._sums: dict[str, Tensor] = {}
        self._steps = 0
        self._counts: dict[str, int] = {}  # of the metrics

    def update(
        self,
        losses: Mapping[str, Tensor],
        metrics: Mapping[str, Tensor] = MappingProxyType({}),
        share: Tensor | float = 1.0,
    ) -> None:
        """Add a step.

        Args:
            losses, metrics: means over the clouds of this process.
            share: of the clouds of the step, those of this process (default: 1).
        """
        self._steps += 1
        for name in metrics:
            self._counts[name] = self._counts.get(name, 0) + 1
        for name, value in {**losses, **metrics}.items():
            value = value.detach().double() if value.device.type != "mps" else value.detach()
            value = value * share
            self._sums[name] = self._sums[name].to(value.device) + value if name in self._sums else value

    def state(self) -> dict[str, Any]:
        """The sums so far, the number of steps, and of those that had each metric, for a checkpoint."""
        return {"sums": self._totals(), "steps": self._steps, "counts": dict(self._counts)}

    @classmethod
    def restore(cls, state: Mapping[str, Any]) -> EpochMean:
        """Return the mean whose :meth:`state` was saved.

        Raises:
            KeyError, TypeError, ValueError: it is something else.
        """
        mean = cls()
        sums = dict(state["sums"])
        if not all(isinstance(value, Tensor) and value.numel() == 1 for value in sums.values()):
            raise ValueError("expected sums that are tensors with one element")
        mean._sums = sums if rank() == 0 else {name: torch.zeros_like(value) for name, value in sums.items()}
        mean._steps = int(state["steps"])
        mean._counts = {str(name): int(count) for name, count in state["counts"].items()}
        return mean

    def compute(self) -> dict[str, float]:
        """Return the means by name; none if there was no step."""
        sums = self._totals()
        if not sums:
            return {}
        means = torch.stack([value / self._counts.get(name, self._steps) for name, value in sums.items()])
        return dict(zip(sums, means.tolist(), strict=True))

    def _totals(self) -> dict[str, Tensor]:
        """Return the sums of all processes, on the CPU."""
        totals: dict[str, Tensor] = {}
        for sums in gather_values({name: value.cpu() for name, value in self._sums.items()}):
            for name, value in sums.items():
                totals[name] = totals[name] + value if name in totals else value
        return totals


class MetricsLog:
    """Writes one row for each epoch to every logger.

    Args:
        folder: the run's folder.
        history: the rows of the finished epochs of a run that is resumed, which replace what the logs hold (default: a
            new run).
        loggers: see :data:`~conclu_pyg.registry.LOGGERS` (default: those of :data:`DEFAULT_LOGGERS`).
        config: the resolved config of the run (default: unknown).
    """

    def __init__(
        self,
        folder: Path,
        history: Sequence[Row] | None = None,
        loggers: Sequence[Logger] | None = None,
        config: Mapping[str, Any] = MappingProxyType({}),
    ) -> None:
        self.loggers = build_loggers(DEFAULT_LOGGERS) if loggers is None else list(loggers)
        for logger in self.loggers:
            logger.start(folder, config, history)

    def write(self, row: Row) -> None:
        """Append a row.

        Args:
            row: numbers by column, ``epoch`` among them.
        """
        for logger in self.loggers:
            logger.write(row)

    def finish(self, pipeline: Any) -> None:
        """Called after the last epoch."""
        for logger in self.loggers:
            with _warns(logger):
                logger.finish(pipeline)

    def __enter__(self) -> MetricsLog:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        for logger in self.loggers:
            with _warns(logger):
                logger.close()


@contextmanager
def _warns(logger: Logger) -> Iterator[None]:
    """Logs an error of a logger after the last epoch as a warning: the training is complete without it."""
    try:
        yield
    except Exception as error:
        log.warning(f"{type(logger).__name__}: the log is not complete: {one_line(error)}")


def build_loggers(configs: Sequence[str | Mapping[str, Any]]) -> list[Logger]:
    """Return loggers from their names, or mappings with a name and arguments."""
    return [LOGGERS.build({"name": each} if isinstance(each, str) else each) for each in configs]
