"""Equal budgets: how many epochs of a method cost as much CPU time as the reference."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from conclu_pyg.reproduction.row_configs import stage_epochs


@dataclass(frozen=True)
class StageCost:
    """The cost of a training, or of one stage of it.

    Attributes:
        stage: its name; empty for a training without stages.
        cpu_seconds_per_cloud: of a step, in one thread.
        setup_cpu_seconds: before the first step, such as for a clustering of all clouds.
        parameters: that are trained.
        peak_mib: of the tensors of a step, above those that are there before it.
    """

    stage: str
    cpu_seconds_per_cloud: float
    setup_cpu_seconds: float
    parameters: int
    peak_mib: float


@dataclass(frozen=True)
class Cost:
    """The cost of a row's training.

    Attributes:
        num_clouds: of an epoch.
        stages: in order.
    """

    num_clouds: int
    stages: tuple[StageCost, ...]

    def cpu_seconds(self, epochs: int, shares: Mapping[str, float]) -> float:
        """Return the CPU seconds of a training of so many epochs in all."""
        own = stage_epochs([stage.stage for stage in self.stages], shares, epochs)
        return sum(
            stage.setup_cpu_seconds + own[stage.stage] * self.num_clouds * stage.cpu_seconds_per_cloud
            for stage in self.stages
        )

    @property
    def parameters(self) -> int:
        """The largest number of trained parameters of a stage."""
        return max(stage.parameters for stage in self.stages)

    @property
    def peak_mib(self) -> float:
        """The largest peak of a stage."""
        return max(stage.peak_mib for stage in self.stages)

    def clouds_per_cpu_second(self, shares: Mapping[str, float]) -> float:
        """Return the clouds that all stages see in a second of CPU time, without what precedes the first step."""
        weights = {stage.stage: shares.get(stage.stage, 1.0) for stage in self.stages}
        seconds = sum(weights[stage.stage] * stage.cpu_seconds_per_cloud for stage in self.stages)
        return sum(weights.values()) / seconds

    def as_dict(self) -> dict[str, Any]:
        """Return plain values."""
        return asdict(self)


def equal_cpu_epochs(cost: Cost, shares: Mapping[str, float], cpu_seconds: float) -> int:
    """Return the number of epochs, at least one for each stage, whose CPU time is closest to ``cpu_seconds``.

    Args:
        cost: of the method.
        shares: of its stages.
        cpu_seconds: to spend.
    """
    fewest = most = len(cost.stages)
    while cost.cpu_seconds(most, shares) < cpu_seconds:
        most *= 2
    tried = range(fewest, most + 1)
    place = bisect_left(tried, cpu_seconds, key=lambda epochs: cost.cpu_seconds(epochs, shares))
    near = [tried[place], tried[max(0, place - 1)]]
    return min(near, key=lambda epochs: abs(cost.cpu_seconds(epochs, shares) - cpu_seconds))
