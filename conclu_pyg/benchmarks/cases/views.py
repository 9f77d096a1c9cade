"""The two random views of a batch, beside the PointNet step that they are made for."""

from __future__ import annotations

from collections.abc import Iterator

from conclu_pyg.benchmarks.bench import Bench, Entry
from conclu_pyg.benchmarks.clouds import ellipsoids
from conclu_pyg.benchmarks.passes import TrainingStep, make_method
from conclu_pyg.benchmarks.report import Note
from conclu_pyg.pipelines.pretraining import PAPER_VIEWS
from conclu_pyg.transforms import compose

CASE = "views"


def run(bench: Bench) -> Iterator[Entry]:
    size, num_points, kept = bench.pick((128, 2048, 1024), (4, 64, 32))
    clouds = ellipsoids(size, num_points, bench.device)
    steps = [{**step, "num_points": kept} if "num_points" in step else step for step in PAPER_VIEWS]
    views = compose(steps, up_axis=2)
    step = TrainingStep(make_method(bench, "PointNet"), [views(clouds), views(clouds)])
    setting = f"both views of {size} x {num_points:,} points, {kept:,} kept"
    for row in bench.compare(
        CASE, setting, lambda: (views(clouds), views(clouds)), {"the PointNet step on them": step}
    ):
        yield row
        assert row.reference_s is not None
        yield Note(CASE, f"The views take {row.ours_s / row.reference_s:.1%} of the time of that step.")
