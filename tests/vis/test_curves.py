from pathlib import Path

import pytest
from matplotlib.image import imread

from conclu_pyg.vis.curves import plot_curves


@pytest.mark.parametrize("epochs", [1, 2, 40])
def test_curves_are_a_picture_at_any_number_of_epochs(tmp_path: Path, epochs: int) -> None:
    numbers = [float(epoch) for epoch in range(epochs)]
    names = ("epoch", "step", "lr", "loss", "loss/contrast", "loss/cluster", "projection_std", "code_entropy")
    plot_curves(dict.fromkeys(names, numbers), tmp_path / "curves.png")
    height, width, _ = imread(tmp_path / "curves.png").shape
    assert width > height > 300  # five panels on two rows


def test_a_single_curve_has_a_single_panel(tmp_path: Path) -> None:
    plot_curves({"epoch": [1.0, 2.0], "loss": [3.0, 2.0]}, tmp_path / "curves.png")
    assert imread(tmp_path / "curves.png").std() > 0


def test_values_that_are_not_finite_are_left_out(tmp_path: Path, recwarn: pytest.WarningsRecorder) -> None:
    nan, inf = float("nan"), float("inf")
    plot_curves({"epoch": [1, 2, 3], "loss": [1.0, nan, inf], "other": [nan] * 3}, tmp_path / "curves.png")
    assert imread(tmp_path / "curves.png").std() > 0
    assert not recwarn.list
