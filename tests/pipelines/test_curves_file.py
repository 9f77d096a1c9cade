"""Drawings of the curves of a run."""

from pathlib import Path

import pytest
from matplotlib.image import imread

from conclu_pyg.pipelines import curves_file
from conclu_pyg.pipelines.curves_file import CurvesFile
from conclu_pyg.pipelines.metrics_log import MetricsLog
from conclu_pyg.vis.curves import plot_curves


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """A clock, and a drawing that takes one second."""
    now = [100.0]

    def draw(*_: object) -> None:
        now[0] += 1
        drawn.append(now[0])

    drawn: list[float] = []
    monkeypatch.setattr(curves_file.time, "perf_counter", lambda: now[0])
    monkeypatch.setattr(curves_file, "plot_curves", draw)
    monkeypatch.setattr(CurvesFile, "drawn", drawn, raising=False)
    return now


def test_drawings_take_a_fiftieth_of_the_time_apart_from_the_first_and_the_last(
    clock: list[float], tmp_path: Path
) -> None:
    curves = CurvesFile(tmp_path)
    for _ in range(1000):
        curves.update()
        clock[0] += 1
    assert len(curves.drawn) == pytest.approx(20, abs=1)  # type: ignore[attr-defined]
    curves.update(last=True)
    assert curves.drawn[-1] == clock[0]  # type: ignore[attr-defined]


def test_the_curves_of_the_metrics_are_drawn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(curves_file, "plot_curves", plot_curves)  # which conftest.py replaces
    with MetricsLog(tmp_path) as log:
        log.write({"epoch": 1, "loss": 1.0})
    CurvesFile(tmp_path).update()
    assert imread(tmp_path / "curves.png").std() > 0


def test_nothing_is_drawn_without_matplotlib(
    clock: list[float], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(curves_file, "is_installed", lambda package: False)
    curves = CurvesFile(tmp_path)
    curves.update(last=True)
    assert not curves.drawn  # type: ignore[attr-defined]
