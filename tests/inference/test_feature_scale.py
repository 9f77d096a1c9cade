"""Scales of features."""

import numpy as np
import pytest

from conclu_pyg.inference.feature_scale import feature_scale


@pytest.mark.parametrize(
    ("deviation", "scale"), [([2.0, 1e-9, 0.1], [2.0, 2e-3, 0.1]), ([0.0, 0.0], [1e-9, 1e-9]), ([5.0], [5.0])]
)
def test_features_that_hardly_vary_are_not_enlarged(deviation: list[float], scale: list[float]) -> None:
    np.testing.assert_allclose(feature_scale(np.array(deviation)), scale)
