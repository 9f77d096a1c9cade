"""Training steps of this checkout and of another one, in turn, each in a process of its own."""

import json
from pathlib import Path

import torch

from benchmarks.cases.frozen import ENCODERS
from benchmarks.cases.reading import compare_processes
from benchmarks.runner import Runner
from benchmarks.steps import precisions

SCRIPT = Path(__file__).parents[1] / "step_once.py"
CLOUDS = {"PointNet without transform nets": 32, "PointNet": 32, "DGCNN": 16}
STEPS = 5


def run(runner: Runner) -> None:
    """Train with each encoder and precision; the other checkout takes the same precision."""
    for precision, dtype in precisions(runner):
        for name, (config, _) in list(ENCODERS.items())[: runner.size(None, 1)]:
            clouds, steps = runner.size((CLOUDS[name], STEPS), (2, 1))
            mode = "32-true" if dtype is torch.float32 else "bf16-mixed"
            setting = f"{name}, both views of {clouds} x 1,024 points, {precision}"
            compare_processes(runner, setting, SCRIPT, json.dumps(config), mode, str(clouds), str(steps))
    runner.note(
        "Median of five steps of a process. Peak memory is that of the process above what it has between steps."
    )
