"""HTML pages: self-contained, with escaped names, and drawn by a real browser."""

import html
import json
import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from helpers import raises
from matplotlib.image import imread

from conclu_pyg.errors import ConfigError
from conclu_pyg.vis.colors import ERROR, color_of, hex_of
from conclu_pyg.vis.page import MAX_POINTS, PageCloud, write_page
from conclu_pyg.vis.panel import panels_of

pytest.importorskip("plotly", reason="needs plotly")
POS = np.random.default_rng(0).normal(size=(60, 3))
LABELS = np.arange(60) % 3
EVIL = "</script><script>alert(1)</script> <b>&amp;\"'"


def figures(page: str) -> list[dict]:
    return [json.loads(text) for text in re.findall(r'<script type="application/json"[^>]*>(.*?)</script>', page)]


def test_each_part_of_each_panel_is_a_trace_in_its_color(tmp_path: Path) -> None:
    clouds = [PageCloud("a", panels_of(POS, LABELS, np.zeros(60, int))), PageCloud("b", panels_of(POS, LABELS))]
    write_page(tmp_path / "a.html", clouds, ["x", "y", "z"])
    first, second = figures((tmp_path / "a.html").read_text())
    shown = [(trace.get("scene", "scene"), trace["name"], trace["marker"]["color"]) for trace in first["data"]]
    expected = [("scene", "x", hex_of(0))]
    expected += [("scene2", name, hex_of(label)) for label, name in enumerate("xyz")]
    expected += [("scene3", "correct", hex_of(-1)), ("scene3", "error", hex_of(-2))]
    assert shown == expected
    in_legend = [trace["name"] for trace in first["data"] if trace.get("showlegend", True)]
    assert sorted(in_legend) == ["correct", "error", "x", "y", "z"]
    assert len(second["data"]) == 3


@pytest.mark.parametrize("stretch", [(1, 1, 1), (9, 1, 0.5), (1, 0, 0), (0, 0, 0)], ids=["ball", "long", "line", "dot"])
def test_the_whole_cloud_is_in_view_however_it_is_turned(stretch: tuple[float, ...], tmp_path: Path) -> None:
    """The sphere around the cloud has a smaller angle than plotly's field of view of 45 degrees."""
    pos = POS * stretch + [100, -3, 5]
    write_page(tmp_path / "a.html", [PageCloud("a", panels_of(pos, LABELS))], ["x", "y", "z"])
    (figure,) = figures((tmp_path / "a.html").read_text())
    scene = figure["layout"]["scene"]
    ranges = np.array([scene[f"{axis}axis"]["range"] for axis in "xyz"])
    edge = np.ptp(ranges, axis=1)
    assert scene["aspectmode"] == "cube" and np.allclose(edge, edge[0]) and edge[0] > 0
    assert (np.linalg.norm(pos - ranges.mean(axis=1), axis=1) <= edge[0] / 2 * (1 + 1e-6)).all()
    eye = np.linalg.norm(list(scene["camera"]["eye"].values()))
    assert 2 * np.degrees(np.arcsin(0.5 / eye)) < 45


def test_names_from_data_are_escaped(tmp_path: Path) -> None:
    write_page(tmp_path / "a.html", [PageCloud(EVIL, panels_of(POS, LABELS), (EVIL,))], [EVIL] * 3, EVIL)
    page = (tmp_path / "a.html").read_text()
    assert "alert(1)</script>" not in page.replace(html.escape(EVIL), "")
    (figure,) = figures(page)
    assert "<" not in figure["data"][0]["name"]
    assert "default-src 'none'" in page and not re.search(r"<(script|link|img)[^>]+(src|href)=", page)


def test_large_clouds_are_thinned_with_a_note(tmp_path: Path) -> None:
    pos = np.random.default_rng(0).normal(size=(MAX_POINTS + 1, 3))
    write_page(tmp_path / "a.html", [PageCloud("a", panels_of(pos, np.zeros(len(pos), int)))], ["x"])
    page = (tmp_path / "a.html").read_text()
    assert "20,000 of its 20,001 points are shown" in page and len(page) < 6_000_000


def test_a_thinned_cloud_holds_no_reference_and_notes_the_missing_points_once(tmp_path: Path) -> None:
    pos = np.random.default_rng(0).normal(size=(MAX_POINTS + 1, 3))
    labels = np.arange(len(pos)) % 2
    for points in (POS, pos):
        thin = PageCloud("a", panels_of(points, labels[: len(points)]), ("a note",)).thinned()
        assert not any(np.shares_memory(panel.pos, points) for panel in thin.panels)
        assert not any(np.shares_memory(panel.labels, labels) for panel in thin.panels)
    assert list(thin.notes) == ["a note", "20,000 of its 20,001 points are shown, chosen at random."]
    assert thin.thinned().notes == thin.notes
    for name, cloud in (("thin", thin), ("whole", PageCloud("a", panels_of(pos, labels), ("a note",)))):
        write_page(tmp_path / f"{name}.html", [cloud], [])
    assert (tmp_path / "thin.html").read_bytes() == (tmp_path / "whole.html").read_bytes()


def test_refuses_too_few_and_too_many(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="shows 1 to 60 clouds, got 0"):
        write_page(tmp_path / "a.html", [], [])
    with raises(ConfigError, got=0):
        write_page(tmp_path / "a.html", [PageCloud("a", [])], [])


def test_many_clouds_have_a_list_of_links_and_single_panels_share_a_row(tmp_path: Path) -> None:
    one, three = panels_of(POS, LABELS), panels_of(POS, LABELS, np.zeros(60, int))
    clouds = [PageCloud(name, one) for name in ("a", "<b>", "c")]
    write_page(tmp_path / "few.html", clouds, [])
    assert "<nav>" not in (tmp_path / "few.html").read_text()
    write_page(tmp_path / "many.html", [*clouds, PageCloud("d", three)], [])
    page = (tmp_path / "many.html").read_text()
    links = re.findall(r'<a href="#(.*?)">(.*?)</a>', page)
    assert links == [("cloud-0", "a"), ("cloud-1", "&lt;b&gt;"), ("cloud-2", "c"), ("cloud-3", "d")]
    assert all(f'<section id="{place}"' in page for place, _ in links)
    assert re.findall(r'<section id="(.*?)" class="wide">', page) == ["cloud-3"]


@pytest.mark.slow
@pytest.mark.timeout(280)
def test_chromium_draws_all_panels_in_a_small_window_without_a_network(tmp_path: Path) -> None:
    browser = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if browser is None:
        pytest.skip("needs Chromium: no chromium, chromium-browser or google-chrome is installed")
    write_page(tmp_path / "a.html", [PageCloud("a", panels_of(POS, LABELS, np.zeros(60, int)))], ["x", "y", "z"])
    # Names resolve to nothing: a request would fail. The software renderer draws where there is no graphics card.
    command = [
        browser, "--headless=new", "--no-sandbox", "--use-angle=swiftshader", "--enable-unsafe-swiftshader",
        "--host-resolver-rules=MAP * ~NOTFOUND", f"--user-data-dir={tmp_path / 'profile'}", "--window-size=1000,700",
        "--timeout=60000", f"--screenshot={tmp_path / 'a.png'}", (tmp_path / "a.html").as_uri(),
    ]  # fmt: skip
    colors = color_of(np.array([0, 1, 2, ERROR])).astype(int)  # of the truth, of the prediction twice, of the error
    for _ in range(3):  # Chromium takes the picture when the page is loaded, which may be before the clouds are drawn
        subprocess.run(command, capture_output=True, timeout=90, check=False)
        pixels = (255 * imread(tmp_path / "a.png")[..., :3]).round().astype(int)
        where = [np.nonzero(np.abs(pixels - color).max(axis=-1) <= 2)[1] for color in colors]
        drawn = [len(columns) for columns in where]
        if min(drawn) > 500:  # more than the legend has
            break
    assert min(drawn) > 500, drawn
    left, second, third, error = (float(np.median(columns)) for columns in where)
    assert left < 500 and 330 < second < 650 and 330 < third < 650 < error < 1000


def test_control_characters_are_shown_escaped(tmp_path: Path) -> None:
    cloud = PageCloud("a\x1b[2J\udce9", panels_of(POS, LABELS), ["a\nnote\u202e"])
    write_page(tmp_path / "a.html", [cloud], ["x\x9b", "y", "z"], title="\x07")
    page = (tmp_path / "a.html").read_text(encoding="utf-8")
    assert r"<h2>a\x1b[2J\xe9</h2>" in page and r"<p>a\nnote\u202e</p>" in page and r"<title>\x07</title>" in page
    assert r"x\x9b" in {trace["name"] for trace in figures(page)[0]["data"]}
