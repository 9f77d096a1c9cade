"""Plots of confusion matrices."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from torch import Tensor

from conclu_pyg.vis.figures import make_figure, save_figure

MAX_INCHES = 60.0
WITH_NUMBERS = 20  # the percentages are written into the cells of up to so many labels


def plot_confusion(confusion: Tensor, names: Sequence[str], path: Path) -> None:
    """Plots the percentage of each true label (row) that was predicted as each label (column), for labels that occur.

    Args:
        confusion: counts, true labels in rows.
        names: the names of the labels.
        path: the PNG file to write.

    Shapes:
        - **confusion:** ``[labels, labels]``
    """
    occur = ((confusion.sum(dim=0) + confusion.sum(dim=1)) > 0).nonzero().flatten()
    confusion, names = confusion[occur][:, occur], [names[label] for label in occur.tolist()]
    share = (100 * confusion.double() / confusion.sum(dim=1, keepdim=True).clamp(min=1)).numpy()
    size = min(max(4.0, 0.16 * len(names) + 2.5), MAX_INCHES)
    figure = make_figure(figsize=(size, size), layout="constrained")
    axis = figure.subplots()
    image = axis.imshow(share, vmin=0, vmax=100, cmap="Blues")
    font = 8 if len(names) <= WITH_NUMBERS else 6
    axis.set_xticks(range(len(names)), names, rotation=90, fontsize=font)
    axis.set_yticks(range(len(names)), names, fontsize=font)
    axis.set_xlabel("predicted", fontsize=9)
    axis.set_ylabel("true", fontsize=9)
    if len(names) <= WITH_NUMBERS:
        for row, column in ((r, c) for r in range(len(names)) for c in range(len(names)) if share[r, c] >= 0.5):
            color = "white" if share[row, column] > 60 else "black"
            axis.text(column, row, f"{share[row, column]:.0f}", ha="center", va="center", fontsize=7, color=color)
    figure.colorbar(image, ax=axis, shrink=0.6, label="percent of the true label")
    save_figure(figure, path, crop=True)
