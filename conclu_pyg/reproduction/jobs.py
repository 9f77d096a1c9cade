"""Jobs of a table: what worker processes do, as plain values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal


@dataclass(frozen=True)
class Measured:
    """A measurement of a cell.

    Attributes:
        dataset: config of the data set that is measured on.
        finetuning: config of a training with labels that is measured at its task; ``None`` for probes of the frozen
            encoder.
        num_clusters: of k-means on the features; ``None`` for none.
    """

    dataset: dict[str, Any]
    finetuning: dict[str, Any] | None = None
    num_clusters: int | None = None


def records_file(cell: str | Path, dataset: str) -> Path:
    """Return the file of a cell's records of one data set, whose existence says that it is measured.

    Args:
        cell: folder of the cell.
        dataset: name in the table.
    """
    return Path(cell) / f"{dataset}.json"


@dataclass(frozen=True)
class Job:
    """A unit of work, which is finished when its files exist.

    Attributes:
        kind: ``cost`` measures the steps of ``config``, ``cell`` trains and measures.
        label: the name for people.
        folder: of a cell its folder; of a cost its file.
        config: of the pre-training, or of the training whose cost is measured; ``None`` for a cell without one.
        trains: whether ``config`` is trained; a row with random weights has its initial weights.
        measured: the measurements by the name of the data set in the table.
        cpu_seconds: that the training is expected to take; 0 if it is not known.
    """

    kind: Literal["cost", "cell"]
    label: str
    folder: str
    config: dict[str, Any] | None = None
    trains: bool = True
    measured: dict[str, Measured] = field(default_factory=dict)
    cpu_seconds: float = 0.0

    @property
    def configs(self) -> list[dict[str, Any]]:
        """The configs of all trainings of the job."""
        finetuned = [measured.finetuning for measured in self.measured.values()]
        return [config for config in (self.config, *finetuned) if config is not None]

    @property
    def is_done(self) -> bool:
        """Whether the files of the job exist."""
        return (
            Path(self.folder).exists()
            if self.kind == "cost"
            else all(records_file(self.folder, name).exists() for name in self.measured)
        )

    def as_dict(self) -> dict[str, Any]:
        """Return plain values for a worker process."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Job:
        """Return the job that :meth:`as_dict` was called for."""
        measured = {name: Measured(**each) for name, each in values["measured"].items()}
        return cls(**{**values, "measured": measured})
