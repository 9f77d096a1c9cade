"""Every plot draws names from data as plain text."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from matplotlib.figure import Figure
from matplotlib.image import imread
from matplotlib.text import Text

from conclu_pyg.data.base import PointCloudSplit
from conclu_pyg.runs.protocol import Protocol, Weights
from conclu_pyg.runs.provenance import CloudSet
from conclu_pyg.runs.records import Record, Training
from conclu_pyg.vis.confusion import plot_confusion
from conclu_pyg.vis.curves import plot_curves
from conclu_pyg.vis.figures import save_figure
from conclu_pyg.vis.gallery import plot_clusters
from conclu_pyg.vis.panel import Panel as CloudPanel
from conclu_pyg.vis.pictures import render_picture
from conclu_pyg.vis.robustness import plot_robustness

NAME = "cost_$5_$^"  # which matplotlib takes for a formula, and refuses
POS = np.random.default_rng(0).normal(size=(20, 3)).astype(np.float32)


def confusion(path: Path) -> None:
    plot_confusion(torch.tensor([[3, 1], [0, 2]]), [NAME, "b"], path)


def curves(path: Path) -> None:
    plot_curves({"epoch": [1, 2], NAME: [0.5, 0.25]}, path)


def clusters(path: Path) -> None:
    split = PointCloudSplit(POS[None], np.zeros(1, dtype=int), ["a"], [NAME])
    plot_clusters(split, np.zeros((1, 1)), 2, path, columns=1)


def robustness(path: Path) -> None:
    corruption = {"name": NAME, "unit": NAME, "identity": 1, "severities": [2], "values": [5.0]}
    details = {"measure": NAME, "clean": 9.0, "corruptions": [corruption]}
    clouds = CloudSet("train", 1, 1)
    record = Record(
        task="svm", dataset="A", encoder="E", method="M", metric="mean", value=1, initialisation="random", seed=0,
        epochs=1, protocol=Protocol(Weights("last"), clouds, clouds, 1), command="", seconds=0, fingerprint="",
        training=Training("", 0), details=details,
    )  # fmt: skip
    plot_robustness([record, replace(record, initialisation=NAME)], path)


def picture(path: Path) -> None:
    panel = CloudPanel(NAME, POS, np.zeros(20, dtype=int))
    render_picture([panel], [NAME], path, renderer="matplotlib", size=150, title=NAME)


@pytest.mark.parametrize("plot", [confusion, curves, clusters, robustness, picture])
def test_a_name_with_dollar_signs_is_drawn_as_text(
    plot: Callable[[Path], None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: list[Figure] = []
    save = Figure.savefig
    monkeypatch.setattr(Figure, "savefig", lambda self, *a, **k: (drawn.append(self), save(self, *a, **k))[1])
    plot(tmp_path / "a.png")
    assert imread(tmp_path / "a.png").std() > 0
    texts: list[Any] = drawn[-1].findobj(Text)
    named = [text for text in texts if "$" in text.get_text()]
    assert named and not any(text.get_parse_math() for text in named)


def test_the_size_in_pixels_is_exact(tmp_path: Path) -> None:
    save_figure(Figure(figsize=(2, 1)), tmp_path / "a.png", dpi=50)
    assert imread(tmp_path / "a.png").shape[:2] == (50, 100)
