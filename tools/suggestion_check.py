#!/usr/bin/env python3
"""Compare suggested with random labels: ``tools/suggestion_check.py MODELNET_FOLDER``.

A linear SVM is trained on the features of as many labelled training clouds as the budget says, which are suggested or
drawn at random, and measured on the test split. Labels are read for the chosen clouds alone.
"""

import argparse

import numpy as np
import torch
from sklearn.svm import LinearSVC

from conclu_pyg.datasets.modelnet import ModelNet
from conclu_pyg.inference.suggest import STRATEGIES, suggest
from conclu_pyg.runs.embedding import embed_split
from conclu_pyg.runs.frozen_encoder import load_encoder

C = 1.0


def main() -> None:
    """Prints the mean and the standard deviation of the accuracy over seeds for each strategy."""
    parser = argparse.ArgumentParser(description=__doc__.replace("``", ""))
    parser.add_argument("folder", help="folder of ModelNet10 or ModelNet40")
    parser.add_argument("--encoder", default="conclu_pointnet_shapes", help="name, run or checkpoint")
    parser.add_argument("--share", type=float, default=0.01, help="share of the training clouds (default: 0.01)")
    parser.add_argument("--seeds", type=int, default=10, help="number of seeds (default: 10)")
    options = parser.parse_args()

    encoder = load_encoder(options.encoder)
    dataset = ModelNet(options.folder, num_points=encoder.num_points)
    train, test = (
        embed_split(encoder, dataset.get_split(name, up_axis=encoder.up_axis), torch.device("cpu"))
        for name in ("train", "test")
    )
    mean, deviation = train.x.mean(axis=0), np.maximum(train.x.std(axis=0), 1e-6)
    x, x_test = (train.x - mean) / deviation, (test.x - mean) / deviation
    unit = x / np.linalg.norm(x, axis=1, keepdims=True)
    budget = round(options.share * len(x))
    print(f"{budget} of {len(x):,} clouds, {options.seeds} seeds, {encoder.source}")
    for strategy in ("random", *STRATEGIES):
        found, classes = [], []
        for seed in range(options.seeds):
            rng = np.random.default_rng(seed)
            if strategy == "random":
                rows = rng.choice(len(x), budget, replace=False)
            else:  # another order of the clouds for each seed: k-center has no other randomness
                order = rng.permutation(len(x))
                rows = order[suggest(unit[order], budget, strategy=strategy, seed=seed)]
            predicted = train.y[rows[:1]]  # of a single class
            if len(np.unique(train.y[rows])) > 1:
                svm = LinearSVC(C=C / x.shape[1], random_state=0).fit(x[rows], train.y[rows])
                predicted = svm.predict(x_test)
            found.append(100 * float((predicted == test.y).mean()))
            classes.append(len(np.unique(train.y[rows])))
        print(
            f"{strategy}: {np.mean(found):.1f} ± {np.std(found, ddof=1):.1f} %, {np.mean(classes):.1f} classes labelled"
        )


if __name__ == "__main__":
    main()
