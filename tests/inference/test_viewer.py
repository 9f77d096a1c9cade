"""Pictures, pages and windows of predictions."""

import logging
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from conclu_pyg.errors import ConcluError
from conclu_pyg.inference import viewer
from conclu_pyg.inference.output_folder import PredictionWriter
from conclu_pyg.inference.prediction import Prediction, Report
from conclu_pyg.inference.viewer import Viewer, check_library
from conclu_pyg.io.clouds import Cloud

UNUSED = "renderer matplotlib has no effect on windows; draw pictures too, or leave it out"


def prediction(name: str = "a", size: int = 30) -> Prediction:
    pos, labels = np.random.default_rng(0).normal(size=(size, 3)), np.arange(size) % 2
    shares = {"leg": 0.5, "seat": 0.5}
    return Prediction(Cloud(name, pos), f"{name}.ply", labels, "chair", shares, true_parts=labels[::-1])


def make(folder: Path, report: Report | None = None, **options: Any) -> Viewer:
    writer = PredictionWriter(folder, "runs/x", ["leg", "seat"])
    return Viewer(["leg", "seat"], 2, writer, report or Report(), "", **options)


@pytest.mark.parametrize(
    ("problem", "png", "windows", "renderer", "message"),
    [
        ("", False, True, "matplotlib", UNUSED),
        ("", True, True, "matplotlib", ""),
        ("", True, False, "matplotlib", ""),
        ("", False, True, None, ""),
        ("there is none", False, True, "matplotlib", "drawing pictures instead of windows: there is none"),
    ],
)
def test_logs_pictures_instead_of_windows_and_a_renderer_without_effect(
    problem: str,
    png: bool,
    windows: bool,
    renderer: str | None,
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(viewer, "display_problem", lambda: problem)
    with caplog.at_level(logging.INFO, "conclu_pyg"):
        make(tmp_path, png=png, windows=windows, renderer=renderer)
    assert [record.getMessage() for record in caplog.records] == ([message] if message else [])


def test_without_a_display_pictures_are_drawn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(viewer, "display_problem", lambda: "there is none")
    make(tmp_path, windows=True, renderer="matplotlib").add("a", prediction())
    assert (tmp_path / "a.png").exists()


def test_with_a_display_a_window_opens_with_the_first_clouds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened = []
    monkeypatch.setattr(viewer, "display_problem", lambda: "")
    monkeypatch.setattr(viewer, "MAX_CLOUDS", 2)
    monkeypatch.setattr(viewer, "WINDOW_POINTS", 50)
    monkeypatch.setattr(viewer, "show_windows", lambda clouds, *_: opened.append(clouds))
    shown = make(tmp_path, windows=True)
    for name in "abc":
        shown.add(name, prediction(name, 80))
    assert not opened
    shown.finish()
    (clouds,) = opened
    assert [(cloud.name, [len(panel.pos) for panel in cloud.panels]) for cloud in clouds] == [
        ("a.ply", [50] * 3),
        ("b.ply", [50] * 3),
    ]
    assert not list(tmp_path.glob("*.png"))


def test_a_window_that_cannot_open_is_a_drawing_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any) -> None:
        raise ConcluError("no Vulkan.")

    monkeypatch.setattr(viewer, "display_problem", lambda: "")
    monkeypatch.setattr(viewer, "show_windows", fail)
    report = Report()
    shown = make(tmp_path, report, windows=True)
    shown.add("a", prediction())
    shown.finish()
    assert str(report.drawing_error) == "no Vulkan."


def test_a_missing_open3d_is_found_before_anything_is_predicted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    monkeypatch.setattr(viewer, "display_problem", lambda: "there is none")
    for options, what in (((True, False), ""), ((False, True), " instead of windows, since there is no display,")):
        with pytest.raises(ConcluError, match=rf"^drawing pictures{what} needs Open3D, .* or draw with matplotlib"):
            check_library(*options, "open3d")
    check_library(True, True, "matplotlib")
    monkeypatch.setattr(viewer, "display_problem", lambda: "")
    with pytest.raises(ConcluError, match=r"^a window needs Open3D, .* or open no windows\.$"):
        check_library(False, True, "matplotlib")


def test_the_first_drawing_error_ends_the_drawing_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []

    def fail(*_: Any, **__: Any) -> None:
        calls.append(1)
        raise ConcluError("no way to draw.")

    monkeypatch.setattr(viewer, "render_picture", fail)
    report = Report()
    shown = make(tmp_path, report, png=True, html=True)
    for name in "abc":
        shown.add(name, prediction(name))
    shown.finish()
    assert str(report.drawing_error) == "no way to draw." and len(calls) == 1
    assert (tmp_path / "clouds.html").read_text().count("<section id=") == 3


def test_the_page_shows_the_first_clouds_thinned(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("conclu_pyg.vis.page.MAX_POINTS", 100)
    monkeypatch.setattr(viewer, "MAX_CLOUDS", 4)
    shown = make(tmp_path, html=True)
    for index in range(8):
        shown.add(str(index), prediction(str(index), 300))
    shown.finish()
    text = (tmp_path / "clouds.html").read_text()
    assert text.count("<section id=") == 4 and text.count("100 of its 300 points are shown, chosen at random.") == 4
