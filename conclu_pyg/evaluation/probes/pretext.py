"""Accuracy of a method at its own pretext task on clouds that it was not trained on."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch_geometric.data import Batch

from conclu_pyg.data.map_split import map_split
from conclu_pyg.errors import ConfigError
from conclu_pyg.evaluation.probe import Probe, ProbeSplits, Result
from conclu_pyg.methods.base import PretextTask, as_method
from conclu_pyg.pipelines.training_clouds import UnlabelledClouds
from conclu_pyg.pipelines.views import compose_views
from conclu_pyg.registry import PROBES
from conclu_pyg.runs.loaded_run import LoadedRun

BATCH = 64  # clouds, of which the classes of a pretext task may be balanced


@PROBES.register_module("pretext")
class PretextProbe(Probe):
    """The ``pretext_metric`` of the method, such as its accuracy, on views of the test clouds, with the method in
    evaluation mode (see :class:`~conclu_pyg.methods.base.PretextTask`).

    The views are drawn by the run's seed, as the training makes them. No labels are used.
    """

    title = "pretext task"
    fixed_labels = True
    needs_labels = False

    def measure(self, run: LoadedRun, splits: ProbeSplits) -> list[Result]:
        """Raises ConfigError if the method declares no pretext task."""
        model: Any = run.method
        if not isinstance(model, PretextTask):
            kind = type(model).__name__
            raise ConfigError(
                "the probe pretext needs a method with a pretext task (pretext_metric), such as Jigsaw3D, got "
                f"{kind}; give another probe.",
                got=kind,
            )
        method, metric = as_method(run.method), model.pretext_metric
        views = compose_views(method.views, run.config["pipeline"].get("views"), up_axis=run.up_axis)

        def solved(clouds: Batch) -> Tensor:
            output = method({name: transform(clouds) for name, transform in views.items()})
            return output.metrics[metric].expand(clouds.num_graphs)

        with torch.random.fork_rng([run.device] if run.device.type == "cuda" else []):
            torch.manual_seed(run.seed)
            clouds: Any = UnlabelledClouds(splits.test)
            shares = map_split(method, solved, clouds, run.device, BATCH, "pretext task")
        return [Result(metric, 100 * float(shares.mean()))]
