"""Measure the AUROC of anomaly scores on damaged parts, or on one class against the others: tools/anomaly_check.py"""

import argparse
import sys
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from anomalies.damage import KINDS, damage
from conclu_pyg.cli.encoder_options import DEFAULT_ENCODER
from conclu_pyg.cli.main import run_command
from conclu_pyg.datasets.modelnet import ModelNet
from conclu_pyg.datasets.shapes.catalog import CATEGORIES
from conclu_pyg.datasets.shapes.random_choices import RandomChoices
from conclu_pyg.datasets.shapes.scan import scan
from conclu_pyg.inference.anomaly import OWN_STATISTICS, AnomalyDetector
from conclu_pyg.inference.anomaly_labels import evaluate_scores
from conclu_pyg.inference.anomaly_output import score_array
from conclu_pyg.inference.embed import reference_statistics
from conclu_pyg.io.subset import subset
from conclu_pyg.progress import track
from conclu_pyg.runs.frozen_encoder import FrozenEncoder, load_encoder

NOISE, DENSITY = 0.005, 0.5  # of the scans of a part
EXAMPLES = """examples:
  tools/anomaly_check.py --seeds 5                        parts, scanned again, with dents, bulges and holes
  tools/anomaly_check.py --classes data/modelnet10        each class of the training split, against the test split
  tools/anomaly_check.py --classes data/modelnet10 --random"""


class Task(NamedTuple):
    """Normal clouds, and new ones with labels: ``normal``, a kind of damage, or another class."""

    normal: list[np.ndarray]
    new: list[np.ndarray]
    labels: list[str]


def main(arguments: Sequence[str]) -> int:
    """Run the command and return its exit status, as ``conclu`` does."""
    return run_command("tools/anomaly_check.py", sys.modules[__name__], arguments)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--classes", metavar="FOLDER", help="a release of ModelNet (default: built-in parts)")
    parser.add_argument("--encoder", default=DEFAULT_ENCODER, help=f"name or run (default: {DEFAULT_ENCODER})")
    parser.add_argument("--random", action="store_true", help="random weights of the encoder, drawn by each seed")
    parser.add_argument("--seeds", type=int, default=1, help="number of seeds, from 0 (default: 1)")
    parser.add_argument("--first", type=int, default=0, help="first seed (default: 0)")
    parser.add_argument("--parts", type=int, default=10, help="built-in parts, each of a category (default: 10)")
    parser.add_argument("--normals", type=int, default=20, help="normal clouds (default: 20)")
    parser.add_argument("--new", type=int, default=10, help="new normal clouds, and of each other kind (default: 10)")


def run(options: argparse.Namespace) -> None:
    """Print the mean AUROC over tasks, and its standard deviation over seeds."""
    found: dict[str, list[float]] = defaultdict(list)
    counts = (0, 0)
    for seed in range(options.first, options.first + options.seeds):
        encoder = _encoder(options.encoder, seed if options.random else None)
        tasks = list(_classes(options, seed) if options.classes else _parts(options, seed, encoder.num_points))
        counts = len(tasks), sum(len(task.normal) for task in tasks)
        statistics = reference_statistics(encoder) if options.normals < OWN_STATISTICS else None
        of_seed: dict[str, list[float]] = defaultdict(list)
        for task in track(tasks, "Scoring", len(tasks)):
            detector = AnomalyDetector(encoder, task.normal, statistics=statistics)
            result = evaluate_scores(task.labels, score_array(list(detector.score(task.new))))
            values = {**result.auroc, "above 1: anomalies": result.found, "above 1: normal": result.false_alarms}
            for name, value in {**values, **({} if options.classes else result.by_label)}.items():
                of_seed[name].append(value)
        for name, each in of_seed.items():
            found[name].append(float(np.mean(each)))
    kind = f"{options.encoder}{', random weights' if options.random else ''}"
    print(f"{kind}: {counts[0]} tasks, {counts[1]} normal clouds, seeds: {options.seeds}\n")
    print("| AUROC or share, % | mean | over seeds |\n|---|---:|---:|")
    for name, each in found.items():
        print(f"| {name} | {100 * np.mean(each):.1f} | {100 * np.std(each):.1f} |")


def _encoder(name: str, seed: int | None) -> FrozenEncoder:
    encoder = load_encoder(name)
    return encoder if seed is None else encoder.with_random_weights(seed)


def _parts(options: argparse.Namespace, seed: int, num_points: int) -> Iterator[Task]:
    """Yields parts, each scanned many times; the damaged clouds are of other scans than the normal ones."""
    for number in range(options.parts):
        rng = np.random.default_rng((seed, number))
        category = CATEGORIES[number * len(CATEGORIES) // options.parts % len(CATEGORIES)]
        labels = {part: label for label, part in enumerate(category.parts)}
        mesh, _ = category.make(RandomChoices(rng)).merged(labels)
        scans = [
            scan(mesh, 2 * num_points, rng, one_sided=False, density=DENSITY, noise=NOISE)[0].astype(np.float32)
            for _ in range(options.normals + options.new)
        ]
        new = {"normal": scans[options.normals :]}
        new |= {kind: [damage(points, kind, rng).astype(np.float32) for points in new["normal"]] for kind in KINDS}
        yield Task(
            [subset(points, num_points) for points in scans[: options.normals]],
            [subset(points, num_points) for clouds in new.values() for points in clouds],
            [kind for kind, clouds in new.items() for _ in clouds],
        )


def _classes(options: argparse.Namespace, seed: int) -> Iterator[Task]:
    """Yields each class: clouds of the training split, and as many of each class of the test split."""
    dataset = ModelNet(options.classes, num_points=1024)
    train, test = dataset.get_split("train"), dataset.get_split("test")
    rng = np.random.default_rng((seed, 40))
    chosen = np.concatenate([_some(np.flatnonzero(test.y == label), options.new, rng) for label in np.unique(test.y)])
    new = [np.asarray(test[int(row)].pos) for row in chosen]
    for label in np.unique(test.y):
        rows = _some(np.flatnonzero(train.y == label), options.normals, rng)
        labels = ["normal" if other == label else str(other) for other in test.y[chosen]]
        yield Task([np.asarray(train[int(row)].pos) for row in rows], new, labels)


def _some(rows: np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray:
    return np.sort(rng.permutation(rows)[:count])
