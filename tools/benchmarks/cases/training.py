"""The random views of a training step, and the step itself."""

from functools import partial

import torch

from benchmarks.runner import Runner
from benchmarks.steps import ENCODERS, STEP_SIZES, TrainingStep, ellipsoids, precisions
from conclu_pyg.pipelines.views import PAPER_VIEWS
from conclu_pyg.transforms import compose


def views(runner: Runner) -> None:
    """The random views of a batch, compared with the PointNet step that uses them."""
    size, num_points, kept = runner.size((128, 2048, 1024), (4, 64, 32))
    clouds = ellipsoids(size, num_points, runner.device)
    steps = [{**step, "num_points": kept} if "num_points" in step else step for step in PAPER_VIEWS]
    transform = compose(steps, up_axis=2)
    step = TrainingStep(runner, "PointNet", make_view=lambda number: transform(clouds))
    setting = f"both views of {size} x {num_points:,} points, {kept:,} kept"
    (row,) = runner.compare(setting, step.make_views, {"the PointNet step on them": step})
    assert row.reference_s is not None
    runner.note(f"The views take {row.ours_s / row.reference_s:.1%} of the time of that step.")


def step(runner: Runner) -> None:
    """A whole training step, against the same step with the reference implementation of the encoder."""
    size, num_points = runner.size(*STEP_SIZES)
    for precision, dtype in precisions(runner):
        for name in ENCODERS:
            setting = f"{name}, both views of {size} x {num_points:,} points (precomputed), {precision}"
            ours, reference = (TrainingStep(runner, name, dtype, reference) for reference in (False, True))
            references = {"the reference implementation": reference}
            if dtype is not torch.float32:
                reference_float32 = TrainingStep(runner, name, reference=True)
                references = {
                    f"the reference implementation in {precision}": reference,
                    "the reference implementation in float32": reference_float32,
                }
            runner.compare(setting, ours, references)


def batches(runner: Runner) -> None:
    """A training step at several sizes: the clouds per second, and the memory that a device needs for its share."""
    for name in ENCODERS:
        for size, num_points in runner.size(((8, 1024), (32, 1024), (16, 2048)), ((4, 32),)):
            step = TrainingStep(runner, name, make_view=partial(ellipsoids, size, num_points, runner.device))
            (row,) = runner.compare(f"{name}, both views of {size} x {num_points:,} points", step, {})
            runner.note(f"{name}, {size} x {num_points:,} points: {size / row.ours_s:.1f} clouds per second.")
