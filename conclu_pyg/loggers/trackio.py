"""Metrics for trackio."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from conclu_pyg.errors import ConfigError
from conclu_pyg.extras import is_installed, missing_extra
from conclu_pyg.loggers.base import Row, TrackerLogger, flat
from conclu_pyg.registry import LOGGERS


@LOGGERS.register_module(name="trackio")
class TrackioLogger(TrackerLogger):
    """Sends the metrics of each epoch, and once the config, to `trackio <https://github.com/gradio-app/trackio>`_,
    which keeps them in files on this machine.

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
        self._trackio.log(dict(metrics), step=epoch)

    def close(self) -> None:
        self._trackio.finish()
