"""Compare built-in shapes with altered copies, and count what the evidence says: tools/duplicates_check.py"""

import argparse
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Sequence

import numpy as np

from conclu_pyg.cli.main import run_command
from conclu_pyg.errors import ConfigError
from conclu_pyg.progress import track
from conclu_pyg.registration import Shape, compare
from duplicates.copies import EXPECTED, NEAR_MISSES, alter, make_model, sample

KINDS = ("resampled", "moved", "rotated", "rescaled", "mirrored", "similar", "different")
OTHER = "another shape"


def main(arguments: Sequence[str]) -> int:
    """Run the command and return its exit status, as ``conclu`` does."""
    return run_command("tools/duplicates_check.py", sys.modules[__name__], arguments)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("-n", "--number", type=int, default=100, help="shapes (default: 100)")
    parser.add_argument("--points", type=int, default=8192, help="points of each shape (default: 8192)")
    parser.add_argument(
        "--seed",
        type=int,
        default=0,
        help="seed of the shapes and copies (default: 0; the thresholds were chosen with 100)",
    )


def run(options: argparse.Namespace) -> None:
    """Compare each shape with its copies and with another shape of its category, and print the tables.

    Raises:
        ConfigError: an argument is wrong, or Open3D, which decimates, is missing.
    """
    if options.number < 1:
        raise ConfigError(f"-n must be >= 1, got {options.number}.", argument="number", got=options.number)
    found: dict[str, Counter[str]] = defaultdict(Counter)
    seconds: dict[str, list[float]] = defaultdict(list)
    for index in track(range(options.number), "Comparing", options.number):
        rng = np.random.default_rng((options.seed, index, 1))
        model = make_model(index, options.seed)
        shape = Shape(sample(model, options.points, rng), model.name)
        other = make_model(index + options.number * 20, options.seed)
        copies = {name: alter(model, name, options.points, rng) for name in (*EXPECTED, *NEAR_MISSES)}
        copies[OTHER] = Shape(sample(other, options.points, rng), other.name)
        for name, copy in copies.items():
            start = time.process_time()
            kind = compare(shape, copy).kind
            seconds[kind].append(time.process_time() - start)
            found[name][kind] += 1
    _print_confusion(found)
    _print_scores(found)
    _print_times(seconds)


def _print_confusion(found: dict[str, Counter[str]]) -> None:
    print("| copy | " + " | ".join(KINDS) + " |")
    print("|---|" + "---:|" * len(KINDS))
    for name, counts in found.items():
        print(f"| {name} | " + " | ".join(str(counts[kind] or "") for kind in KINDS) + " |")


def _print_scores(found: dict[str, Counter[str]]) -> None:
    """Precision and recall of each kind; decimated copies are another surface, so both answers are right."""
    print("\n| kind | precision | recall |\n|---|---:|---:|")
    judged = {**{name: kind for name, kind in EXPECTED.items() if kind}, **dict.fromkeys(NEAR_MISSES, "similar")}
    for kind in dict.fromkeys(judged.values()):
        right = sum(found[name][kind] for name, expected in judged.items() if expected == kind)
        answered = sum(found[name][kind] for name in judged)
        made = sum(sum(found[name].values()) for name, expected in judged.items() if expected == kind)
        print(f"| {kind} | {_percent(right, answered)} | {_percent(right, made)} |")
    near = sum(sum(found[name].values()) for name in NEAR_MISSES)
    wrong = near - sum(found[name][kind] for name in NEAR_MISSES for kind in ("similar", "different"))
    print(f"\nnear misses called the same: {wrong} of {near}")


def _percent(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f} %" if whole else "-"


def _print_times(seconds: dict[str, list[float]]) -> None:
    print("\n| answer | pairs | CPU time, median | 95 % |\n|---|---:|---:|---:|")
    for kind in KINDS:
        if times := seconds[kind]:
            middle, most = np.quantile(times, [0.5, 0.95])
            print(f"| {kind} | {len(times)} | {middle * 1e3:.0f} ms | {most * 1e3:.0f} ms |")
