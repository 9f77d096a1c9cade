"""Plots of confusion matrices."""

from pathlib import Path

import pytest
import torch
from matplotlib.axes import Axes
from matplotlib.image import imread

from conclu_pyg.vis.confusion import plot_confusion

IMSHOW = Axes.imshow


@pytest.mark.parametrize("labels", [2, 30])
def test_it_grows_with_the_labels_and_an_absent_label_is_no_trouble(labels: int, tmp_path: Path) -> None:
    confusion = torch.eye(labels, dtype=torch.long)
    confusion[0] = 0
    plot_confusion(confusion, [f"label {i}" for i in range(labels)], tmp_path / "a.png")
    picture = imread(tmp_path / "a.png")
    assert picture.shape[0] > 300 + 10 * labels and picture[..., :3].std() > 0.05


def test_labels_that_do_not_occur_are_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = []
    monkeypatch.setattr(Axes, "imshow", lambda *given, **how: (drawn.append(given[1]), IMSHOW(*given, **how))[1])
    confusion = torch.zeros(40, 40, dtype=torch.long)
    confusion[3, 3], confusion[3, 7], confusion[5, 5] = 3, 1, 2
    plot_confusion(confusion, [f"label {i}" for i in range(40)], tmp_path / "a.png")
    assert drawn[0].tolist() == [[75, 0, 25], [0, 100, 0], [0, 0, 0]]
