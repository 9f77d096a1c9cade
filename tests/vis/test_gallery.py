from pathlib import Path

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.image import imread

from conclu_pyg.data.base import PointCloudSplit
from conclu_pyg.vis.gallery import plot_clusters


@pytest.fixture
def split() -> PointCloudSplit:
    pos = np.random.default_rng(0).normal(size=(12, 30, 3)).astype(np.float32)
    return PointCloudSplit(pos, np.arange(12) % 3, [f"cloud {i}" for i in range(12)], ["a", "b", "$c_[red]"])


def test_a_row_is_shown_for_each_prototype_that_has_clouds(tmp_path: Path, split: PointCloudSplit) -> None:
    heights = []
    for used in (1, 3):
        log_gamma = np.full((12, 5), -9.0)
        log_gamma[np.arange(12), np.arange(12) % used] = 0
        plot_clusters(split, log_gamma, 2, tmp_path / "clusters.png", rows=4, columns=3)
        heights.append(imread(tmp_path / "clusters.png").shape[0])
    assert heights[1] == pytest.approx(3 * heights[0], rel=0.02)


def test_more_prototypes_than_rows_are_left_out(tmp_path: Path, split: PointCloudSplit) -> None:
    plot_clusters(split, np.eye(12), 1, tmp_path / "clusters.png", rows=2, columns=2)
    assert imread(tmp_path / "clusters.png").shape[0] == pytest.approx(2 * 1.25 * 110, abs=2)


@pytest.mark.parametrize("up_axis", [0, 1, 2])
def test_the_up_axis_points_up_and_far_points_are_drawn_first(
    up_axis: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = []
    scatter = Axes.scatter
    monkeypatch.setattr(
        Axes, "scatter", lambda self, x, y, c, **o: (drawn.append((x, y, c)), scatter(self, x, y, c=c, **o))[1]
    )
    line = np.zeros((1, 3, 3), dtype=np.float32)
    line[0, :, up_axis] = [0, 1, 2]
    clouds = PointCloudSplit(line, np.zeros(1, dtype=int), ["line"], ["a"])
    plot_clusters(clouds, np.zeros((1, 1)), up_axis, tmp_path / "clusters.png")
    ((right, up, near),) = drawn
    assert np.allclose(right, 0, atol=1e-6) and up.max() == pytest.approx(2 * np.cos(np.radians(22)))
    assert (np.diff(near) > 0).all() and (np.diff(up) > 0).all()  # seen from above, the top is nearest
