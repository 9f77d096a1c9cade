"""Plots of the discovered clusters."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from conclu_pyg.data.base import PointCloudSplit
from conclu_pyg.vis.camera import camera_axes
from conclu_pyg.vis.figures import make_figure, save_figure


def plot_clusters(
    split: PointCloudSplit, log_gamma: np.ndarray, up_axis: int, path: Path, rows: int = 8, columns: int = 8
) -> None:
    """Plots, for each of the largest clusters, the clouds with the highest assignment to its prototype.

    Args:
        split: the clouds.
        log_gamma: the log assignment of each cloud to each prototype.
        up_axis: the up axis of the clouds, 0 to 2.
        path: the PNG file to write.
        rows: the maximum number of prototypes (default: 8).
        columns: the maximum number of clouds of each prototype (default: 8).

    Shapes:
        - **log_gamma:** ``[n, J]``
    """
    cluster = log_gamma.argmax(axis=1)
    sizes = np.bincount(cluster, minlength=log_gamma.shape[1])
    shown = [j for j in np.argsort(-sizes, kind="stable")[:rows] if sizes[j]]
    figure = make_figure(figsize=(1.25 * columns + 1.2, 1.25 * len(shown)), layout="constrained")
    axes = figure.subplots(len(shown), columns, squeeze=False)
    for row, j in zip(axes, shown, strict=True):
        members = np.flatnonzero(cluster == j)
        members = members[np.argsort(-log_gamma[members, j], kind="stable")][:columns]
        for axis in row:
            axis.set_axis_off()
        for axis, member in zip(row, members, strict=False):
            seen = split[int(member)].pos.numpy() @ camera_axes(up_axis).T
            right, up, near = seen[seen[:, 2].argsort()].T  # far points first
            axis.scatter(right, up, c=near, s=1.2, cmap="viridis", linewidths=0)
            axis.set_aspect("equal")
            axis.set_title(split.classes[split.y[member]], fontsize=7, pad=1)
        row[0].text(-0.15, 0.5, f"prototype {j}\n{sizes[j]} clouds", fontsize=7, ha="right", transform=row[0].transAxes)
    save_figure(figure, path)
