"""Features of clouds in memory by frozen encoders, against another checkout."""

import json
from pathlib import Path

from benchmarks.cases.reading import compare_processes
from benchmarks.runner import Runner

SCRIPT = Path(__file__).parents[1] / "encode_once.py"
# By name: config, and number of clouds.
ENCODERS = {
    "PointNet without transform nets": (
        {"name": "PointNet", "input_transform": False, "feature_transform": False},
        512,
    ),
    "PointNet": ({"name": "PointNet"}, 192),
    "DGCNN": ({"name": "DGCNN"}, 64),
}
WARM_UP = 32


def run(runner: Runner) -> None:
    """Embed splits of clouds in memory, in processes of their own."""
    for name, (config, number) in ENCODERS.items():
        count = runner.size(number, 4)
        compare_processes(
            runner, f"{name}, {count:,} clouds", SCRIPT, json.dumps(config), str(count), str(min(count, WARM_UP))
        )
    runner.note("1,024 points of each cloud, in batches of 64.")
