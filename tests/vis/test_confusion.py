"""A confusion matrix as a picture."""

from pathlib import Path

import pytest
import torch
from matplotlib.image import imread

from conclu_pyg.vis.confusion import plot_confusion


@pytest.mark.parametrize("labels", [2, 30])
def test_it_grows_with_the_labels_and_an_absent_label_is_no_trouble(labels: int, tmp_path: Path) -> None:
    confusion = torch.eye(labels, dtype=torch.long)
    confusion[0] = 0
    plot_confusion(confusion, [f"label {i}" for i in range(labels)], tmp_path / "a.png")
    picture = imread(tmp_path / "a.png")
    assert picture.shape[0] > 300 + 10 * labels and picture[..., :3].std() > 0.05
