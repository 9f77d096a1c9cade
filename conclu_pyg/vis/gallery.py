"""The discovered clusters as a picture: for each prototype, the clouds that it stands for."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from conclu_pyg.data.base import PointCloudSplit
from conclu_pyg.vis.camera import camera_axes
from conclu_pyg.vis.figures import save_figure


def plot_clusters(
    split: PointCloudSplit, log_gamma: np.ndarray, up_axis: int, path: Path, rows: int = 8, columns: int = 8
) -> None:
    """Draws the clouds that are assigned most firmly to each of the prototypes that have the most clouds.

    Args:
        split: the clouds.
        log_gamma: the logarithm of the assignment of each cloud to each prototype.
        up_axis: which coordinate points up.
        path: the PNG file to write.
        rows: how many prototypes are shown at most (default: 8).
        columns: how many clouds of each are shown at most (default: 8).

    Shapes:
        - **log_gamma:** ``[n, J]``
    """
    cluster = log_gamma.argmax(axis=1)
    sizes = np.bincount(cluster, minlength=log_gamma.shape[1])
    shown = [j for j in np.argsort(-sizes, kind="stable")[:rows] if sizes[j]]
    figure = Figure(figsize=(1.25 * columns + 1.2, 1.25 * len(shown)), layout="constrained")
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
