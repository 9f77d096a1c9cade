"""The interface of loggers, and what those that send rows to another program have in common."""

from __future__ import annotations

import json
import logging
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from conclu_pyg.errors import one_line
from conclu_pyg.files import atomic_write

Row = Mapping[str, float]
log = logging.getLogger(__name__)


class Logger(ABC):
    """Writes a row of metrics for each epoch. Only the first process of a training has loggers."""

    @abstractmethod
    def start(self, folder: Path, config: Mapping[str, Any], history: Sequence[Row] | None) -> None:
        """Begin, or continue, the log of a run.

        Args:
            folder: the run's folder.
            config: its resolved config.
            history: the rows of the finished epochs of a run that is resumed, which replace what the log holds;
                ``None`` for a new run.
        """

    @abstractmethod
    def write(self, row: Row) -> None:
        """Append a row: numbers by column, ``epoch`` among them."""

    def finish(self, pipeline: Any) -> None:
        """Called after the last epoch, with the trained pipeline (default: nothing)."""
        return

    def close(self) -> None:
        """Called when the training ends, also by an error (default: nothing)."""
        return


class TrackerLogger(Logger):
    """A logger that sends rows to a tracker, whose rows stay once they are sent.

    A file in the run folder keeps the tracker's name of the run and the last epoch that was sent, so that a resumed run
    continues it: rows that are there are not sent again, and those that are missing are. A row that cannot be sent is
    a warning; it waits for the next epoch, or for the run to be resumed.
    """

    state_name: str  # of that file

    @abstractmethod
    def open(self, folder: Path, config: Mapping[str, Any], run: str | None) -> str:
        """Begin a run of the tracker, or continue the one of this name, and return its name."""

    @abstractmethod
    def send(self, metrics: Row, epoch: int) -> None:
        """Send the metrics of an epoch."""

    def start(self, folder: Path, config: Mapping[str, Any], history: Sequence[Row] | None) -> None:
        self.path = folder / self.state_name
        run, self.epoch = self._read() if history is not None else (None, 0)
        self.waiting: list[Row] = []
        self.run = self.open(folder, config, run)
        self._save()
        for row in history or ():
            self.write(row)

    def write(self, row: Row) -> None:
        if row["epoch"] > self.epoch:
            self.waiting.append(row)
        while self.waiting:
            epoch = int(self.waiting[0]["epoch"])
            try:
                self.send({key: value for key, value in self.waiting[0].items() if key != "epoch"}, epoch)
            # Of another program, and no reason to end a training.
            except Exception as error:
                log.warning(f"{type(self).__name__}: epoch {epoch} is not sent yet: {one_line(error)}")
                return
            del self.waiting[0]
            self.epoch = epoch
            self._save()

    def _read(self) -> tuple[str | None, int]:
        try:
            state = json.loads(self.path.read_text(encoding="utf-8"))
            return str(state["run"]), int(state["epoch"])
        except (OSError, ValueError, KeyError, TypeError):  # the tracker was not used before, or the file is damaged
            return None, 0

    def _save(self) -> None:
        with atomic_write(self.path) as file:
            file.write(json.dumps({"run": self.run, "epoch": self.epoch}).encode())


def flat(config: Mapping[str, Any], prefix: str = "") -> dict[str, str]:
    """Return the values of a config by their path, such as ``pipeline.epochs``, as text."""
    values: dict[str, str] = {}
    for key, value in config.items():
        values |= flat(value, f"{prefix}{key}.") if isinstance(value, Mapping) else {f"{prefix}{key}": str(value)}
    return values
