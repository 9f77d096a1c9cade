"""Cluster the clouds of an index, or list the prototypes of a run: conclu clusters INDEX_OR_RUN."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from conclu_pyg.cli.json_output import add_json, print_json, silence
from conclu_pyg.cli.loading_notice import announce_loading
from conclu_pyg.cli.outputs import add_output
from conclu_pyg.cli.terminal import console, print_warning
from conclu_pyg.cli.trust import add_allow_imports
from conclu_pyg.cli.values import one_of, positive_int
from conclu_pyg.errors import ConfigError
from conclu_pyg.text import pluralize, printable

if TYPE_CHECKING:
    import numpy as np
    from torch_geometric.data import Data

    from conclu_pyg.inference.clusters import Clusters

    Picture: TypeAlias = Callable[[int], np.ndarray]

SHOWN = 5  # names of each cluster
COLUMNS = ("cloud", "cluster", "confidence")
EXAMPLES = """examples:
  conclu clusters parts.index -k 20 --csv clusters.csv --html clusters.html
  conclu clusters parts.index --method hdbscan --labels folders
  conclu clusters runs/mine --csv clusters.csv        the prototypes of a ConClu run, and their clouds"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("source", metavar="index_or_run", help="folder of an index, or of a run with prototypes")
    parser.add_argument(
        "--method", default="kmeans", **one_of(("kmeans", "hdbscan")), help="of an index (default: kmeans)"
    )
    parser.add_argument(
        "-k",
        type=positive_int,
        metavar="K",
        help="clusters of kmeans (default: the square root of half the number of clouds, 2 to 50); smallest cluster of "
        "hdbscan (default: 5)",
    )
    parser.add_argument("--seed", type=int, default=0, help="seed of kmeans (default: 0)")
    parser.add_argument(
        "--split", default="train", **one_of(("train", "test", "all")), help="clouds of a run (default: train)"
    )
    parser.add_argument(
        "--labels", metavar="folders|FILE", help="labels for the purity: 'folders', or a CSV with columns file,class"
    )
    add_output(parser, "--csv", help="table: cloud, cluster, confidence, label")
    add_output(parser, "--html", help="page with pictures of each cluster")
    add_allow_imports(parser)
    add_json(parser)


def run(options: argparse.Namespace) -> None:
    from conclu_pyg.io.find_files import is_run

    silence(options)
    announce_loading()
    clusters, pictures, up_axis = (_of_run if is_run(Path(options.source)) else _of_index)(options)

    from conclu_pyg.inference.cloud_labels import labels_of
    from conclu_pyg.inference.clusters import NOISE

    labels = labels_of(clusters.names, options.labels)
    purity = None if labels is None else clusters.purity(labels)
    for warning in clusters.warnings:
        print_warning(warning)
    for cluster in range(clusters.count):
        members = clusters.members(cluster)
        own = "" if purity is None else f", {purity[cluster][1]:.0%} {purity[cluster][0]}"
        names = ", ".join(clusters.names[row] for row in members[:SHOWN])
        console.print(f"cluster {cluster}: {pluralize(len(members), 'cloud')}{own}: {names}")
    if rest := int((clusters.cluster == NOISE).sum()):
        console.print(f"in no cluster: {pluralize(rest, 'cloud')}")
    if options.csv:
        from conclu_pyg.inference.table import write_table

        columns = zip(clusters.names, clusters.cluster, clusters.confidence.round(4), strict=True)
        rows = ([name, int(cluster), float(value)] for name, cluster, value in columns)
        ends = ([label] for label in labels) if labels is not None else ([] for _ in clusters.names)
        write_table(
            options.csv,
            [*COLUMNS, *([] if labels is None else ["label"])],
            ([*row, *end] for row, end in zip(rows, ends, strict=True)),
        )
        console.print(f"table: {options.csv}")
    if options.html:
        from conclu_pyg.inference.pages import write_cluster_page

        write_cluster_page(options.html, clusters, pictures, purity, f"Clusters of {options.source}", up_axis)
        console.print(f"page: {options.html}")
    if options.json:
        print_json(_document(clusters, purity))


def _of_index(options: argparse.Namespace) -> tuple[Clusters, Picture, int]:
    """Returns the clusters of an index, its pictures and its up axis."""
    from conclu_pyg.inference.clusters import cluster_embeddings
    from conclu_pyg.inference.index_storage import open_index
    from conclu_pyg.inference.pictures import index_picture

    index = open_index(options.source)
    clusters = cluster_embeddings(index.names, index.unit, options.method, options.k, options.seed)
    return clusters, partial(index_picture, index), "xyz".index(index.about["up_axis"])


def _of_run(options: argparse.Namespace) -> tuple[Clusters, Picture, int]:
    """Returns the prototypes of the clouds of a run, their pictures and their up axis."""
    from torch.utils.data import ConcatDataset

    from conclu_pyg.inference.clusters import cluster_run
    from conclu_pyg.runs.loaded_run import load_run

    if options.k is not None or options.method != "kmeans":
        raise ConfigError("-k and --method are for an index; a run has the clusters of its training.")
    loaded = load_run(options.source, allow_imports=options.allow_imports)
    splits = ("train", "test") if options.split == "all" else (options.split,)
    clouds: ConcatDataset[Data] = ConcatDataset([loaded.split(name) for name in splits])
    return cluster_run(loaded, splits), lambda row: clouds[row].pos.numpy(), loaded.up_axis


def _document(clusters: Clusters, purity: list[tuple[str, float]] | None) -> dict[str, object]:
    """Returns plain values for JSON."""
    listed = []
    for cluster in range(clusters.count):
        names = [printable(clusters.names[row]) for row in clusters.members(cluster)]
        entry: dict[str, object] = {"cluster": cluster, "size": len(names), "clouds": names}
        if purity is not None:
            entry |= {"label": purity[cluster][0], "purity": purity[cluster][1]}
        listed.append(entry)
    return {"method": clusters.method, **clusters.details, "warnings": clusters.warnings, "clusters": listed}
