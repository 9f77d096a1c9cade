"""The map of the embeddings: layouts, nearest neighbours and unusual clouds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from conclu_pyg.reports.clouds import ReportClouds
from conclu_pyg.vis.report.cloud_map import NONE, CloudMap, Colouring, Layout

NEIGHBOURS = 8
USUAL = 5  # neighbours whose mean distance tells how unusual a cloud is
QUANTILE = 0.95  # of the clouds that are usual
BLOCK = 1024  # rows of similarities at once
TSNE_COMPONENTS = 32


class Neighbours(NamedTuple):
    """The nearest neighbours of clouds, the nearest first.

    Shapes:
        - **rows:** int64 ``[n, k]``, 65535 where there are no more; **similarity:** float32 ``[n, k]``
    """

    rows: np.ndarray
    similarity: np.ndarray


def nearest_neighbours(unit: np.ndarray, k: int = NEIGHBOURS) -> Neighbours:
    """Returns the most similar other rows of each row, by exact cosines.

    Args:
        unit: rows of length 1.
        k: the number of neighbours (default: 8).

    Shapes:
        - **unit:** ``[n, C]``
    """
    rows = np.full((len(unit), k), NONE, np.int64)
    similarity = np.zeros((len(unit), k), np.float32)
    count = min(k, len(unit) - 1)
    if count < 1:
        return Neighbours(rows, similarity)
    for start in range(0, len(unit), BLOCK):
        cosine = unit[start : start + BLOCK] @ unit.T
        own = np.arange(len(cosine))
        cosine[own, start + own] = -np.inf
        best = np.argpartition(-cosine, count - 1, axis=1)[:, :count]
        values = np.take_along_axis(cosine, best, axis=1)
        order = np.lexsort((best, -values), axis=1)
        rows[start : start + BLOCK, :count] = np.take_along_axis(best, order, axis=1)
        similarity[start : start + BLOCK, :count] = np.take_along_axis(values, order, axis=1)
    return Neighbours(rows, similarity)


def unusual_scores(neighbours: Neighbours) -> np.ndarray:
    """Returns the mean distance, 1 minus the cosine, of each cloud to its 5 nearest neighbours, in units in which 95 %
    of the clouds are below 1.

    Shapes:
        - **output:** float64 ``[n]``
    """
    known = (neighbours.rows != NONE)[:, :USUAL]
    distance = np.where(known, 1.0 - neighbours.similarity[:, :USUAL], 0.0).sum(axis=1) / np.maximum(
        known.sum(axis=1), 1
    )
    return distance / max(float(np.quantile(distance, QUANTILE)), 1e-12)


def principal_components(unit: np.ndarray, count: int = 2) -> tuple[np.ndarray, float]:
    """Returns the first principal components of rows, and their share of the variance.

    Shapes:
        - **unit:** ``[n, C]``, **output:** float64 ``[n, count]``
    """
    centred = unit.astype(np.float64) - unit.mean(axis=0, dtype=np.float64)
    found = np.zeros((len(unit), count))
    left, singular, _ = _svd(centred)
    kept = min(count, len(singular))
    found[:, :kept] = left[:, :kept] * singular[:kept]
    total = float((centred**2).sum())
    return found, float((found**2).sum() / total) if total > 0 else 0.0


def _svd(centred: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Returns the singular value decomposition with the largest entry of each direction positive, so that it does not
    depend on the library. Of more rows than columns, by the eigenvectors of the covariance."""
    if len(centred) <= centred.shape[1]:
        left, singular, right = np.linalg.svd(centred, full_matrices=False)
    else:
        values, vectors = np.linalg.eigh(centred.T @ centred)
        singular, right = np.sqrt(values[::-1].clip(min=0)), vectors[:, ::-1].T
        left = np.divide(centred @ right.T, singular, out=np.zeros_like(centred), where=singular > 0)
    sign = np.sign(right[np.arange(len(right)), np.abs(right).argmax(axis=1)])
    return left * sign, singular, right * sign[:, None]


def tsne(unit: np.ndarray, seed: int = 0) -> np.ndarray:
    """Returns places by t-SNE of 32 principal components.

    Args:
        unit: the rows, at least 4.
        seed: (default: 0).

    Shapes:
        - **unit:** ``[n, C]``, **output:** float64 ``[n, 2]``

    Raises:
        ModuleNotFoundError: scikit-learn is not installed.
    """
    from sklearn.manifold import TSNE

    reduced, _ = principal_components(unit, min(TSNE_COMPONENTS, *unit.shape))
    perplexity = min(30.0, (len(unit) - 1) / 3)
    placed: np.ndarray = TSNE(perplexity=perplexity, init="pca", random_state=seed).fit_transform(reduced)
    return placed.astype(np.float64)


def embedding_map(
    clouds: ReportClouds, neighbours: Neighbours, colourings: Sequence[Colouring], with_tsne: bool = False
) -> CloudMap:
    """Returns the map of clouds.

    Args:
        clouds: at least one.
        neighbours: see :func:`nearest_neighbours`.
        colourings: further ones than the labels and the distance to the neighbours.
        with_tsne: whether to add a layout by t-SNE, which takes minutes for 10,000 clouds (default: no).

    Raises:
        ModuleNotFoundError: t-SNE is asked for, and scikit-learn is not installed.
    """
    xy, share = principal_components(clouds.unit)
    layouts = [Layout("PCA", xy, f"The first two principal components hold {share:.0%} of the variance.")]
    if with_tsne and len(clouds) >= 4:
        note = "t-SNE keeps neighbours together; distances between groups and their sizes tell nothing."
        layouts.insert(0, Layout("t-SNE", tsne(clouds.unit), note))
    labels = [] if clouds.labels is None else [Colouring.of_labels(clouds.kind, clouds.labels)]
    unusual = Colouring.of_scores("distance to neighbours", unusual_scores(neighbours))
    return CloudMap(layouts, [*labels, *colourings, unusual], neighbours.rows, neighbours.similarity)
