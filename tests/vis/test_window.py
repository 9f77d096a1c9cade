"""Windows: the errors if none can be opened, and the clouds that they show."""

import sys
from typing import Any

import numpy as np
import pytest
from helpers import raises

from conclu_pyg.errors import ConcluError, ConfigError
from conclu_pyg.vis import window
from conclu_pyg.vis.page import PageCloud
from conclu_pyg.vis.panel import panels_of
from conclu_pyg.vis.window import WINDOWS, display_problem, show_windows

POS = np.random.default_rng(0).normal(size=(30, 3)) * [1, 2, 30] + 100
LABELS = np.arange(30) % 3
CLOUDS = [PageCloud("scan", panels_of(POS, LABELS, np.zeros(30, int)))]
linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="displays are looked for on Linux only")


@linux
@pytest.mark.parametrize("kind", list(WINDOWS))
def test_without_a_display_the_alternatives_are_named(monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    with pytest.raises(ConcluError, match=r"cannot open a window: neither DISPLAY.*pictures \(PNG\) or an HTML page"):
        show_windows(CLOUDS, [], window=kind)
    monkeypatch.setenv("DISPLAY", ":4711")
    assert display_problem()  # no server responds, or X11 is missing


def test_refuses_unknown_windows_and_no_clouds() -> None:
    with raises(ConfigError, argument="window", got="qt"):
        show_windows(CLOUDS, [], window="qt")
    for clouds in ([], [PageCloud("a", [])]):
        with pytest.raises(ConfigError, match="at least one cloud"):
            show_windows(clouds, [])


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Returns the clouds that a fake of Open3D shows."""
    given: dict[str, Any] = {}

    class Viewer:
        def set_lut(self, name: str, table: dict[int, str]) -> None:
            given.update(attribute=name, table=table)

        def visualize(self, clouds: list[dict], **_: object) -> None:
            given["clouds"] = clouds

    monkeypatch.setattr(window, "_label_viewer", lambda up_axis: Viewer())
    monkeypatch.setattr(window, "_parts_viewer", lambda clouds, *_: given.update(clouds=clouds))
    monkeypatch.setattr(window, "import_open3d", lambda *_: None)
    monkeypatch.setattr(window, "label_lut", dict)
    monkeypatch.setattr(window, "display_problem", lambda: "")
    monkeypatch.setattr(window, "vulkan_problem", lambda: "")
    return given


def test_open3d_ml_has_a_table_of_names(shown: dict[str, Any]) -> None:
    show_windows(CLOUDS, ["x", "y", "z"], window="open3d-ml")
    assert shown["table"] == {0: "x", 1: "y", 2: "z", -1: "correct", -2: "error"}
    assert shown["attribute"] == "labels" and np.array_equal(shown["clouds"][1]["labels"], LABELS)
    assert [cloud["name"] for cloud in shown["clouds"]][:2] == ["truth", "prediction"]
    show_windows([*CLOUDS, PageCloud("other", CLOUDS[0].panels)], [], window="open3d-ml")
    assert len({cloud["name"] for cloud in shown["clouds"]}) == 6 and shown["clouds"][3]["name"] == "other/truth"


@linux
def test_without_vulkan_the_error_has_a_hint(shown: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(window, "vulkan_problem", lambda: "no driver (error -9)")
    for kind in ("open3d", "open3d-ml"):
        with pytest.raises(ConcluError, match=r"needs Vulkan, but no driver.*mesa-vulkan-drivers`, use the window"):
            show_windows(CLOUDS, [], window=kind)
    assert "clouds" not in shown
