"""The position within an epoch: what its steps have gathered so far."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from torch import Tensor
from torch_geometric.data import Batch

from conclu_pyg.methods.base import MethodOutput
from conclu_pyg.pipelines.metrics_log import EpochMean


@dataclass
class EpochState:
    """The state of an epoch between two of its steps.

    Attributes:
        drawn_from: the state of the generator that the order of the epoch's clouds is drawn from.
        batch: finished batches.
        clouds: clouds of these batches, of all processes.
        mean: the means of the losses and metrics.
        seconds: the duration before the run was resumed; 0 in an epoch that was not interrupted.
        waited: seconds in which a step waited for its clouds.
    """

    drawn_from: Tensor
    batch: int = 0
    clouds: int = 0
    mean: EpochMean = field(default_factory=EpochMean)
    seconds: float = 0.0
    waited: float = 0.0

    def __post_init__(self) -> None:
        self._began = time.perf_counter()

    @property
    def duration(self) -> float:
        """Seconds that the epoch has taken so far."""
        return self.seconds + time.perf_counter() - self._began

    @property
    def speed(self) -> float:
        """Clouds per second."""
        return self.clouds / self.duration

    @property
    def data_wait(self) -> float:
        """The share of the time in which a step waited for its clouds."""
        return self.waited / self.duration

    def read(self, loader: Iterable[Batch]) -> Iterator[Batch]:
        """Yield the batches of a loader, and add up the time that each is waited for."""
        began = time.perf_counter()
        for batch in loader:
            self.waited += time.perf_counter() - began
            yield batch
            began = time.perf_counter()

    def add(self, clouds: Batch, output: MethodOutput, share: Tensor | float = 1.0) -> None:
        """Count a step.

        Args:
            clouds: of this process.
            output: for these clouds.
            share: of the clouds of the step (default: 1).
        """
        self.batch += 1
        self.clouds += round(float(clouds.num_graphs / share))
        terms = {f"loss/{name}": value for name, value in output.losses.items()}
        self.mean.update({"loss": output.total_loss(), **terms}, output.metrics, share)

    def state(self) -> dict[str, Any]:
        """Return plain values and tensors for a checkpoint."""
        return {"clouds": self.clouds, "seconds": self.duration, "waited": self.waited, "mean": self.mean.state()}

    @classmethod
    def restore(cls, drawn_from: Tensor, batch: int, state: dict[str, Any]) -> EpochState:
        """Return the position of a checkpoint.

        Args:
            drawn_from: as the attribute.
            batch: as the attribute.
            state: as :meth:`state` returned it; empty at the beginning of an epoch.

        Raises:
            KeyError, TypeError, ValueError: it is something else.
        """
        if not state:
            return cls(drawn_from, batch)
        mean = EpochMean.restore(state["mean"])
        return cls(drawn_from, batch, int(state["clouds"]), mean, float(state["seconds"]), float(state["waited"]))
