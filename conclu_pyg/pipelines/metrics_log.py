"""Metrics of a run: averaged over an epoch, written as CSV and for TensorBoard."""

from __future__ import annotations

import csv
import logging
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

import torch
from torch import Tensor

CSV_NAME = "metrics.csv"


class EpochMean:
    """The mean of named scalars over the steps of an epoch, kept on their device so that no step waits for it."""

    def __init__(self) -> None:
        self._sums: dict[str, Tensor] = {}
        self._steps = 0

    def update(self, values: Mapping[str, Tensor]) -> None:
        for name, value in values.items():
            value = value.detach().double() if value.device.type != "mps" else value.detach()
            self._sums[name] = self._sums[name] + value if name in self._sums else value
        self._steps += 1

    def state(self) -> dict[str, Any]:
        """The sums so far and the number of steps in them, for a checkpoint."""
        return {"sums": {name: value.cpu() for name, value in self._sums.items()}, "steps": self._steps}

    def compute(self) -> dict[str, float]:
        names = list(self._sums)
        if not names:
            return {}
        means = torch.stack([self._sums[name] for name in names]) / self._steps
        return dict(zip(names, means.tolist(), strict=True))


class MetricsLog:
    """Writes one row for each epoch to ``metrics.csv`` and to TensorBoard's event file, both in the run's folder."""

    def __init__(self, folder: Path) -> None:
        logging.getLogger("tensorboard").setLevel(logging.ERROR)
        from torch.utils.tensorboard import SummaryWriter

        self.path = folder / CSV_NAME
        self._writer = SummaryWriter(str(folder))

    def write(self, row: Mapping[str, float]) -> None:
        """Appends a row, which has the key ``epoch`` and the same keys every time."""
        new = not self.path.exists()
        with self.path.open("a", newline="") as file:
            writer = csv.DictWriter(file, list(row))
            if new:
                writer.writeheader()
            writer.writerow({key: f"{value:.8g}" for key, value in row.items()})
        for key, value in row.items():
            if key != "epoch":
                self._writer.add_scalar(key, value, int(row["epoch"]))
        self._writer.flush()

    def __enter__(self) -> MetricsLog:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._writer.close()


def read_metrics(folder: Path) -> dict[str, list[float]]:
    """The columns of a run's ``metrics.csv``."""
    with (folder / CSV_NAME).open(newline="") as file:
        rows = list(csv.DictReader(file))
    return {key: [float(row[key]) for row in rows] for key in (rows[0] if rows else {})}
