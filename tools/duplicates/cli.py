"""Compare shapes with altered copies, and count what the evidence says: tools/duplicates_check.py"""

import argparse
import json
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path

import numpy as np

from conclu_pyg.cli.main import run_command
from conclu_pyg.errors import ConfigError, DataError
from conclu_pyg.progress import track
from conclu_pyg.registration import Shape, compare
from duplicates import altered_points, copies
from duplicates.altered_points import read_halves
from duplicates.copies import alter, make_model, sample

KINDS = ("identical", "resampled", "moved", "rotated", "rescaled", "mirrored", "similar", "different")
OTHER = "another shape"
Answers = dict[str, tuple[str, float]]  # kind and seconds by the name of the copy


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
    parser.add_argument(
        "--data",
        type=Path,
        metavar="FOLDER",
        help="random clouds and meshes of a folder in place of built-in shapes; the samples of a shape are disjoint "
        "halves of its points, the near misses alter a cap of it, and meshes of 200 triangles or more are also "
        "decimated",
    )
    parser.add_argument(
        "--answers",
        type=Path,
        metavar="FILE",
        help="add the answers for each shape to FILE, in lines of JSON; the same call goes on from there",
    )


def run(options: argparse.Namespace) -> None:
    """Compare each shape with its copies and with another shape, and print the tables.

    Raises:
        ConfigError: an argument is wrong, or Open3D, which decimates, is missing.
        DataError: the folder has no usable clouds.
    """
    if options.number < 1:
        raise ConfigError(f"-n must be >= 1, got {options.number}.", argument="number", got=options.number)
    if options.points < altered_points.MIN_POINTS:
        raise ConfigError(
            f"--points must be >= {altered_points.MIN_POINTS}, got {options.points}.",
            argument="points",
            got=options.points,
        )
    module = copies if options.data is None else altered_points
    make = _built_in if options.data is None else _from_files
    answers = _read_answers(options.answers)[: options.number]
    for shape, altered in track(make(options, len(answers)), "Comparing", options.number - len(answers)):
        answers.append({name: _answer(shape, copy) for name, copy in altered.items()})
        if options.answers is not None:
            with options.answers.open("a") as file:
                file.write(json.dumps(answers[-1]) + "\n")
    if not answers:
        raise DataError(
            f"{options.data}: expected clouds of at least {2 * altered_points.MIN_POINTS} points, got none."
        )
    found: dict[str, Counter[str]] = defaultdict(Counter)
    seconds: dict[str, list[float]] = defaultdict(list)
    for name, (kind, duration) in chain.from_iterable(each.items() for each in answers):
        found[name][kind] += 1
        seconds[kind].append(duration)
    _print_confusion(found)
    _print_scores(found, module.EXPECTED, module.NEAR_MISSES)
    _print_times(seconds)


def _read_answers(path: Path | None) -> list[Answers]:
    if path is None or not path.exists():
        return []
    return [json.loads(line) for line in path.read_text().splitlines()]


def _answer(shape: Shape, copy: Shape) -> tuple[str, float]:
    """The kind that the evidence tells, and its CPU time in seconds."""
    start = time.process_time()
    return compare(shape, copy).kind, time.process_time() - start


def _built_in(options: argparse.Namespace, first: int) -> Iterator[tuple[Shape, dict[str, Shape]]]:
    """Yields built-in shapes with their copies, from the given number on; the other shape is of the same category."""
    for index in range(first, options.number):
        rng = np.random.default_rng((options.seed, index, 1))
        model = make_model(index, options.seed)
        shape = Shape(sample(model, options.points, rng), model.name)
        other = make_model(index + options.number * 20, options.seed)
        altered = {name: alter(model, name, options.points, rng) for name in (*copies.EXPECTED, *copies.NEAR_MISSES)}
        yield shape, {**altered, OTHER: Shape(sample(other, options.points, rng), other.name)}


def _from_files(options: argparse.Namespace, first: int) -> Iterator[tuple[Shape, dict[str, Shape]]]:
    """Yields shapes of files with their copies, from the given number on; the other shape is that of the cloud
    before."""
    other: Shape | None = None
    for index, halves in enumerate(read_halves(options.data, options.number, options.points, options.seed)):
        rng = np.random.default_rng((options.seed, index, 2))
        shape = Shape(halves.first, halves.name)
        if index >= first:
            points = {name: alteration(halves.second, rng) for name, alteration in altered_points.COPIES.items()}
            points |= altered_points.decimated(halves, rng)
            altered = {name: Shape(each, f"{halves.name}, {name}") for name, each in points.items()}
            yield shape, altered if other is None else {**altered, OTHER: other}
        other = shape


def _print_confusion(found: dict[str, Counter[str]]) -> None:
    print("| copy | " + " | ".join(KINDS) + " |")
    print("|---|" + "---:|" * len(KINDS))
    for name, counts in found.items():
        print(f"| {name} | " + " | ".join(str(counts[kind] or "") for kind in KINDS) + " |")


def _print_scores(
    found: dict[str, Counter[str]], all_expected: Mapping[str, str | None], near_misses: Sequence[str]
) -> None:
    """Precision and recall of each kind, for the copies of which one is expected."""
    print("\n| kind | precision | recall |\n|---|---:|---:|")
    judged = {**{name: kind for name, kind in all_expected.items() if kind}, **dict.fromkeys(near_misses, "similar")}
    for kind in dict.fromkeys(judged.values()):
        right = sum(found[name][kind] for name, expected in judged.items() if expected == kind)
        answered = sum(found[name][kind] for name in judged)
        made = sum(sum(found[name].values()) for name, expected in judged.items() if expected == kind)
        print(f"| {kind} | {_percent(right, answered)} | {_percent(right, made)} |")
    print(f"\nnear misses called the same: {_called_the_same(found, near_misses)}")
    print(f"copies called the same: {_called_the_same(found, tuple(all_expected))}")


def _called_the_same(found: dict[str, Counter[str]], names: Sequence[str]) -> str:
    number = sum(found[name].total() for name in names)
    same = number - sum(found[name][kind] for name in names for kind in ("similar", "different"))
    return f"{same} of {number}"


def _percent(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f} %" if whole else "-"


def _print_times(seconds: dict[str, list[float]]) -> None:
    print("\n| answer | pairs | CPU time, median | 95 % |\n|---|---:|---:|---:|")
    for kind in KINDS:
        if times := seconds[kind]:
            middle, most = np.quantile(times, [0.5, 0.95])
            print(f"| {kind} | {len(times)} | {middle * 1e3:.0f} ms | {most * 1e3:.0f} ms |")
