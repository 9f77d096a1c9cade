#!/usr/bin/env python3
"""Measure retrieval of CAD parts with the same machining features: ``tools/retrieval_check.py MFCAD_FOLDER``.

The folder is MFCAD (github.com/hducg/MFCAD) in the layout of ShapeNetPart's HDF5 release. Its names list the machining
features of a part, and end with a number: ``3-6-7-8-8-23`` has 3, 6, 7 and twice 8. Each part of the test split is
searched among the others. Relevant are the parts with the same set of features; queries without any are left out. The
similarity of the sets (Jaccard) of the first hits is measured over all queries.
"""

import argparse

import numpy as np
import torch

from conclu_pyg.data.base import PointCloudSplit
from conclu_pyg.datasets.shapenet_part import ShapeNetPart
from conclu_pyg.evaluation.probes.retrieval import CUTS, retrieval_scores
from conclu_pyg.runs.embedding import embed_split
from conclu_pyg.runs.frozen_encoder import FrozenEncoder, load_encoder


def main() -> None:
    """Prints a row for each encoder, for chance, and with ``--random`` for encoders with random weights."""
    parser = argparse.ArgumentParser(description=__doc__.replace("``", ""))
    parser.add_argument("folder", help="folder of MFCAD")
    parser.add_argument(
        "--encoder",
        nargs="+",
        default=["conclu_pointnet_shapes"],
        help="names, runs or checkpoints (default: conclu_pointnet_shapes)",
    )
    parser.add_argument(
        "--random", type=int, default=3, metavar="SEEDS", help="encoders with random weights, of the first (default: 3)"
    )
    options = parser.parse_args()

    encoders = [load_encoder(name) for name in options.encoder]
    dataset = ShapeNetPart(options.folder, num_points=encoders[0].num_points, up_axis="z")
    test = dataset.get_split("test", up_axis=encoders[0].up_axis)
    train = dataset.get_split("train", up_axis=encoders[0].up_axis)
    features = [feature_set(name) for name in test.names]
    has = np.array([[each in own for each in sorted(frozenset().union(*features))] for own in features], np.float64)
    shared = has @ has.T
    jaccard = shared / (has.sum(axis=1)[:, None] + has.sum(axis=1)[None] - shared)
    _, y = np.unique(has, axis=0, return_inverse=True)
    counted = np.bincount(y)[y]
    print(f"{len(y):,} parts, {int((counted > 1).sum()):,} with another one of the same features")
    print(f"{'encoder':<40} {'mAP':>6} " + " ".join(f"{f'R@{k}':>6}" for k in CUTS) + f" {'similarity of 10':>17}")

    def report(title: str, x: np.ndarray) -> None:
        scores = retrieval_scores(x, y)
        figures = " ".join(f"{100 * value:6.1f}" for value in scores.values())
        print(f"{title:<40} {figures} {100 * similarity_of_hits(x, jaccard, 10):17.1f}")

    rng = np.random.default_rng(0)
    report("chance", rng.normal(size=(len(y), 64)))
    for encoder in encoders:
        report(encoder.source, standardised(encoder, train, test))
    for seed in range(options.random):
        encoder = encoders[0].with_random_weights(seed)
        report(f"random weights of {encoders[0].source}, seed {seed}", standardised(encoder, train, test))


def feature_set(name: str) -> frozenset[str]:
    """Returns the machining features of ``part/3-6-7-8-8-23``, without the number at its end."""
    return frozenset(name.rpartition("/")[2].split("-")[:-1])


def standardised(encoder: FrozenEncoder, train: PointCloudSplit, test: PointCloudSplit) -> np.ndarray:
    """Returns the features of the test split, standardised by those of the training split, float64 ``[n, C]``."""
    device = torch.device("cpu")
    known, x = embed_split(encoder, train, device).x, embed_split(encoder, test, device).x
    return (x - known.mean(axis=0, dtype=np.float64)) / np.maximum(known.std(axis=0, dtype=np.float64), 1e-6)


def similarity_of_hits(x: np.ndarray, jaccard: np.ndarray, k: int) -> float:
    """Returns the mean similarity of the feature sets of queries and their first k hits.

    Shapes:
        - **x:** ``[n, C]``, **jaccard:** ``[n, n]``
    """
    unit = x / np.maximum(np.linalg.norm(x, axis=1, keepdims=True), 1e-12)
    similarity = unit @ unit.T
    np.fill_diagonal(similarity, -np.inf)
    hits = np.argsort(-similarity, axis=1, kind="stable")[:, :k]
    return float(np.take_along_axis(jaccard, hits, axis=1).mean())


if __name__ == "__main__":
    main()
