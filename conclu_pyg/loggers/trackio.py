"""Metrics for trackio."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from conclu_pyg.errors import ConfigError
from conclu_pyg.extras import is_installed, missing_extra
from conclu_pyg.loggers.base import Row, TrackerLogger, flat
from conclu_pyg.registry import LOGGERS

RESERVED = ("project", "run", "timestamp", "step", "time", "metrics")  # keys that trackio renames, with a warning


@LOGGERS.register_module(name="trackio")
class TrackioLogger(TrackerLogger):
    """Sends the metrics of each epoch, and once the config, to `trackio <https://github.com/gradio-app/trackio>`_,
    which keeps them in files on this machine. Metrics whose names it reserves are sent as ``training/step`` and so on.

    Args:
        project: its name (default: conclu_pyg).

    Raises:
        ConfigError: trackio is not installed.
    """

    state_name = "trackio_run.json"

    def __init__(self, project: str = "conclu_pyg") -> None:
        if not is_installed("trackio"):
            raise ConfigError(f"{missing_extra('trackio')}, or leave the logger trackio out.")
        self.project = project

    def open(self, folder: Path, config: Mapping[str, Any], run: str | None) -> str:
        import trackio

        self._trackio = trackio
        name = run or folder.name
        trackio.init(self.project, name=name, config=flat(config), resume="never" if run is None else "allow")
        return name

    def send(self, metrics: Row, epoch: int) -> None:
        values = {f"training/{key}" if key in RESERVED else key: value for key, value in metrics.items()}
        self._trackio.log(values, step=epoch)

    def close(self) -> None:
        self._trackio.finish()
