"""Metrics of a run: averaged over an epoch, written as CSV and for TensorBoard."""

from __future__ import annotations

import csv
import io
import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Any

import torch
from torch import Tensor

from conclu_pyg.extras import is_installed
from conclu_pyg.files import atomic_write
from conclu_pyg.processes import gather_values, rank

CSV_NAME = "metrics.csv"


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
    """Writes one row for each epoch to ``metrics.csv`` and to TensorBoard's event file, both in the run's folder.

    A row may have other columns than the rows before it. The header has all columns so far: if a row adds one, the file
    is rewritten as a whole. What a row lacks is left empty.

    Args:
        folder: the run's folder.
        history: the rows of the finished epochs of a run that is resumed, which replace what the files hold
            (default: a new run).
    """

    def __init__(self, folder: Path, history: Sequence[Mapping[str, float]] | None = None) -> None:
        logging.getLogger("tensorboard").setLevel(logging.ERROR)
        self.path = folder / CSV_NAME
        self._header: list[str] = []
        self._rows: list[Mapping[str, float]] = []
        for row in history or ():
            self._add(row)
        if history or self.path.exists():
            self._rewrite()
        self._writer: Any = None
        if is_installed("tensorboard"):
            from torch.utils.tensorboard import SummaryWriter

            # TensorBoard hides the events from this step on that are in the files of the run before it was resumed.
            first = None if history is None else len(history) + 1
            self._writer = SummaryWriter(str(folder), purge_step=first)

    def write(self, row: Mapping[str, float]) -> None:
        """Append a row.

        Args:
            row: numbers by column, ``epoch`` among them.
        """
        if self._add(row):
            self._rewrite()
        else:
            with self.path.open("a", newline="") as file:
                csv.DictWriter(file, self._header).writerow(_as_text(row))
        if self._writer is not None:
            for key, value in row.items():
                if key != "epoch":
                    self._writer.add_scalar(key, value, int(row["epoch"]))
            self._writer.flush()

    def _add(self, row: Mapping[str, float]) -> bool:
        """Add a row, and return whether it added a column."""
        new = [key for key in row if key not in self._header]
        self._header += new
        self._rows.append(row)
        return bool(new)

    def _rewrite(self) -> None:
        text = io.StringIO(newline="")
        writer = csv.DictWriter(text, self._header)
        if self._header:
            writer.writeheader()
        writer.writerows(map(_as_text, self._rows))
        with atomic_write(self.path) as file:
            file.write(text.getvalue().encode())

    def __enter__(self) -> MetricsLog:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._writer is not None:
            self._writer.close()


def read_metrics(folder: Path) -> dict[str, list[float]]:
    """Return the columns of a run's ``metrics.csv``; an empty field is NaN."""
    path = folder / CSV_NAME
    if not path.exists():
        return {}
    with path.open(newline="") as file:
        reader = csv.DictReader(file, restval="")
        rows = list(reader)
    return {key: [float(row[key] or "nan") for row in rows] for key in reader.fieldnames or ()}


def _as_text(row: Mapping[str, float]) -> dict[str, str]:
    return {key: repr(value) for key, value in row.items()}  # repr() of a float reads back as the same float
