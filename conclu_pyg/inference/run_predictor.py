"""What a run predicts with: its model, how clouds are prepared for it, and which coordinate points up in them."""

from __future__ import annotations

from typing import Any

from torch_geometric.transforms import Compose

from conclu_pyg.arguments import resolved_arguments
from conclu_pyg.data.base import DEFAULT_TRANSFORM
from conclu_pyg.inference.options import Options
from conclu_pyg.inference.predict_cloud import Predictor
from conclu_pyg.registry import DATASETS
from conclu_pyg.runs.loaded_run import LoadedRun
from conclu_pyg.transforms import compose
from conclu_pyg.transforms.change_up_axis import ChangeUpAxis


def make_predictor(run: LoadedRun, options: Options) -> Predictor:
    """The model of a run, ready for clouds."""
    num_points = _num_points(run) if options.num_points is None else options.num_points
    found = upward(run, options)
    steps = _settings(run).get("transform")
    steps = DEFAULT_TRANSFORM if steps is None else steps
    prepare = Compose([compose(steps, up_axis=found), ChangeUpAxis(found, run.up_axis)])
    return Predictor(run.method.to(run.device).eval(), prepare, num_points, run.device, run.seed)


def upward(run: LoadedRun, options: Options) -> int:
    """The coordinate that points up in the clouds as they are read."""
    return run.data_axis if options.up is None else "xyz".index(options.up)


def upward_in_words(run: LoadedRun, options: Options) -> str:
    """Which coordinate is taken to point up, and whether clouds are turned for the model."""
    found = upward(run, options)
    source = "--up says otherwise" if options.up is None else "as --up says"
    turned = "" if found == run.up_axis else f", and turned to {'xyz'[run.up_axis]} up for the model"
    return f"clouds are taken as {'xyz'[found]} up ({source}){turned}"


def _settings(run: LoadedRun) -> dict[str, Any]:
    """What the run's data set is built with: its config, and the defaults of its class."""
    named = DATASETS.parse(run.config["dataset"])
    return resolved_arguments(named.cls, named.arguments)


def _num_points(run: LoadedRun) -> int:
    """How many points the clouds of the training had. Where the checkpoint, of an older version, does not know it, its
    config or the data set's class says how many were wanted; else the data set is opened and its clouds are looked
    at."""
    known = run.checkpoint.num_points or _settings(run).get("num_points")
    return int(run.dataset.get_split("test").pos.shape[1] if known is None else known)
