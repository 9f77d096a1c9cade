"""The check of the anomaly scores on damaged clouds."""

import numpy as np
import pytest
from anomalies.cli import main
from anomalies.damage import DEPTH, RADII, damage


def sphere() -> np.ndarray:
    points = np.random.default_rng(0).normal(size=(4000, 3))
    return points / np.linalg.norm(points, axis=1, keepdims=True)


@pytest.mark.parametrize("seed", range(5))
def test_damages_are_where_and_as_deep_as_they_say(seed: int) -> None:
    points, diagonal = sphere(), np.sqrt(12)
    dent, bulge = (
        np.linalg.norm(damage(points, kind, np.random.default_rng(seed)), axis=1) for kind in ("dent", "bulge")
    )
    deepest, highest = 1 - dent.min(), bulge.max() - 1
    for depth in (deepest, highest):
        assert 0.9 * RADII[0] * diagonal * DEPTH < depth < 1.1 * RADII[1] * diagonal * DEPTH
    assert (np.abs(dent - 1) < 1e-9).mean() > 0.8 and dent.max() < 1.05
    left = damage(points, "hole", np.random.default_rng(seed))
    share = 1 - len(left) / len(points)  # a cap of radius r is r^2 / 4 of the unit sphere
    assert (0.8 * RADII[0] * diagonal) ** 2 / 4 < share < (1.2 * RADII[1] * diagonal) ** 2 / 4


def test_the_table_is_printed(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("conclu_pyg.inference.embed.REFERENCE_SHAPES", 20)
    assert main(["--parts", "1", "--normals", "3", "--new", "2", "--random"]) == 0
    printed = capsys.readouterr().out
    assert "random weights: 1 tasks, 3 normal clouds" in printed
    assert all(f"| {name} |" in printed for name in ("score", "global", "local", "dent", "bulge", "hole"))
