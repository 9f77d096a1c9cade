"""Drawings of the curves of a run."""

from pathlib import Path

import pytest
from matplotlib.image import imread

from conclu_pyg.pipelines import curves_file
from conclu_pyg.pipelines.curves_file import CurvesFile
from conclu_pyg.pipelines.metrics_log import MetricsLog
from conclu_pyg.vis.curves import plot_curves


class Clock:
    """A clock, and the times at which a drawing that takes one second ended."""

    def __init__(self) -> None:
        self.now = 100.0
        self.drawn: list[float] = []

    def draw(self, *_: object) -> None:
        self.now += 1
        self.drawn.append(self.now)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(curves_file.time, "perf_counter", lambda: clock.now)
    monkeypatch.setattr(curves_file, "plot_curves", clock.draw)
    return clock


def test_drawings_take_a_fiftieth_of_the_time_apart_from_the_first_and_the_last(clock: Clock, tmp_path: Path) -> None:
    curves = CurvesFile(tmp_path)
    for _ in range(1000):
        curves.update()
        clock.now += 1
    assert len(clock.drawn) == pytest.approx(20, abs=1)
    curves.update(last=True)
    assert clock.drawn[-1] == clock.now


def test_the_curves_of_the_metrics_are_drawn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(curves_file, "plot_curves", plot_curves)  # which conftest.py replaces
    with MetricsLog(tmp_path) as log:
        log.write({"epoch": 1, "loss": 1.0})
    CurvesFile(tmp_path).update()
    assert imread(tmp_path / "curves.png").std() > 0


def test_nothing_is_drawn_without_matplotlib(clock: Clock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(curves_file, "is_installed", lambda package: False)
    CurvesFile(tmp_path).update(last=True)
    assert not clock.drawn
