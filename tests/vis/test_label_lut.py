"""Colours of labels in Open3D-ML's windows."""

import importlib.util

import numpy as np
import pytest

from conclu_pyg.vis.colors import color_of
from conclu_pyg.vis.label_lut import label_lut

if importlib.util.find_spec("open3d") is None:
    pytest.skip("needs Open3D", allow_module_level=True)


def test_labels_have_the_colors_of_pictures_and_do_not_repeat() -> None:
    table = label_lut({label: f"part {label}" for label in range(50)})
    assert sorted(table.labels) == list(range(50)) and table.labels[7].name == "part 7"
    colors = [tuple(np.round(table.labels[label].color, 6)) for label in range(50)]
    assert len(set(colors)) == 50
    np.testing.assert_allclose(colors[3], color_of(np.array([3]))[0] / 255, atol=1e-6)
