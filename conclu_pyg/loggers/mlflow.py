"""Metrics for MLflow."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from conclu_pyg.errors import ConfigError
from conclu_pyg.extras import is_installed, missing_extra
from conclu_pyg.loggers.base import Row, TrackerLogger, flat
from conclu_pyg.registry import LOGGERS

MAX_PARAMETERS = 100  # that MLflow takes at once
LONGEST = 500  # characters of a parameter


@LOGGERS.register_module(name="mlflow")
class MLflowLogger(TrackerLogger):
    """Sends the metrics of each epoch, and once the config, to `MLflow <https://mlflow.org>`_.

    Args:
        tracking_uri: address of the server, or the place of its database or files (default: that of the environment
            variable ``MLFLOW_TRACKING_URI``, or ``sqlite:///mlflow.db`` in the working folder).
        experiment: its name (default: conclu_pyg).

    Raises:
        ConfigError: MLflow is not installed.
    """

    state_name = "mlflow_run.json"

    def __init__(self, tracking_uri: str | None = None, experiment: str = "conclu_pyg") -> None:
        if not is_installed("mlflow"):
            raise ConfigError(f"{missing_extra('mlflow')}, or leave the logger mlflow out.")
        self.tracking_uri, self.experiment = tracking_uri, experiment
        self._ended = True

    def open(self, folder: Path, config: Mapping[str, Any], run: str | None) -> str:
        from mlflow.entities import Param
        from mlflow.tracking import MlflowClient

        uri = self.tracking_uri or os.environ.get("MLFLOW_TRACKING_URI") or "sqlite:///mlflow.db"
        self._client = MlflowClient(uri)
        self._ended = False
        if run is not None:
            self._client.set_terminated(run, "RUNNING")
            return run
        found = self._client.get_experiment_by_name(self.experiment)
        experiment = self._client.create_experiment(self.experiment) if found is None else found.experiment_id
        started: str = self._client.create_run(experiment, run_name=folder.name).info.run_id
        parameters = [Param(key, value[:LONGEST]) for key, value in flat(config).items()]
        for first in range(0, len(parameters), MAX_PARAMETERS):
            self._client.log_batch(started, params=parameters[first : first + MAX_PARAMETERS])
        return started

    def send(self, metrics: Row, epoch: int) -> None:
        import time

        from mlflow.entities import Metric

        now = int(time.time() * 1000)
        # Its store of files cannot have both `loss` and `loss/contrast`.
        values = {key.replace("/", "."): float(value) for key, value in metrics.items()}
        self._client.log_batch(self.run, metrics=[Metric(key, value, now, epoch) for key, value in values.items()])

    def finish(self, pipeline: Any) -> None:
        self._client.set_terminated(self.run)
        self._ended = True

    def close(self) -> None:
        if not self._ended:
            self._client.set_terminated(self.run, "FAILED")
