from pathlib import Path

import numpy as np
import pytest
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.image import imread

from conclu_pyg.evaluation.label_curves import RANDOM, LabelCurve, Panel
from conclu_pyg.vis.label_efficiency import plot_label_efficiency


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[Figure]:
    figures: list[Figure] = []
    save = Figure.savefig
    monkeypatch.setattr(Figure, "savefig", lambda self, *a, **k: (figures.append(self), save(self, *a, **k))[1])
    return figures


def test_each_start_has_its_means_the_spread_of_its_seeds_and_each_of_them(tmp_path: Path, drawn: list[Figure]) -> None:
    panel = Panel("PSB", "part_segmentation", "instance mIoU", "fraction", "PointNet")
    other = Panel("ModelNet40", "classification", "accuracy", "per_class", "DGCNN")
    curves = [
        LabelCurve(panel, "ConClu on ModelNet40", [0.1, 1.0], [[40.0, 44.0], [50.0]]),
        LabelCurve(panel, RANDOM, [0.1, 1.0], [[30.0], [49.0]]),
        LabelCurve(panel, "SimSiam on ModelNet40", [0.1, 1.0], [[31.0], [45.0]]),
        LabelCurve(other, RANDOM, [5, 10], [[30.0], [49.0]]),
    ]
    plot_label_efficiency(curves, tmp_path / "labels.png")
    assert imread(tmp_path / "labels.png").std() > 0
    first, second = drawn[0].axes
    assert [first.get_title(), second.get_title()] == ["PSB, PointNet", "ModelNet40, DGCNN"]
    assert first.get_ylabel() == "instance mIoU, percent"
    assert [label.get_text() for label in first.get_xticklabels()] == ["10", "100"]
    assert [label.get_text() for label in second.get_xticklabels()] == ["5", "10"]
    trained, random, other_method = first.containers
    assert (trained.get_label(), random.get_label()) == ("pre-trained: ConClu on ModelNet40", "random weights")
    assert len({tuple(to_rgb(each.lines[0].get_color())) for each in (trained, random, other_method)}) == 3
    assert np.array_equal(trained.lines[0].get_xydata(), [[0.1, 42], [1, 50]])
    low, high = trained.lines[1]
    assert np.allclose([low.get_ydata()[0], high.get_ydata()[0]], 42 + np.std([40, 44], ddof=1) * np.array([-1, 1]))
    dots = [tuple(map(tuple, line.get_xydata())) for line in first.lines if line.get_marker() == "."]
    assert ((0.1, 40.0), (0.1, 44.0)) in dots and ((0.1, 30.0),) in dots
