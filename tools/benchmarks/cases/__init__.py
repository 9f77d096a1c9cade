"""Benchmark cases: functions that measure with a :class:`benchmarks.runner.Runner`, by name and in order."""

from collections.abc import Callable

from benchmarks.cases import (
    checkouts,
    encoders,
    export,
    folders,
    frozen,
    kernels,
    layers,
    neighbors,
    reading,
    roofline,
    training,
)
from benchmarks.runner import Runner

CASES: dict[str, Callable[[Runner], None]] = {
    "neighbors": neighbors.run,
    "kernels": kernels.run,
    "edge_conv": layers.edge_conv,
    "pooled_linear": layers.pooled_linear,
    "views": training.views,
    "step": training.step,
    "checkouts": checkouts.run,
    "batches": training.batches,
    "embed": encoders.embed,
    "scaling": encoders.scaling,
    "roofline": roofline.run,
    "reading": reading.run,
    "frozen": frozen.run,
    "folders": folders.run,
    "export": export.run,
}
