"""Pages of small pictures of clouds."""

import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from conclu_pyg.vis.cards import MAX_POINTS, SIDE, Card, Section, draw_svg, write_cards

RNG = np.random.default_rng(0)
HOSTILE = '<script>alert(1)</script>" onload="x\x1b[2J\u202e'


class Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append(tag)
        assert not any(name.startswith("on") for name, _ in attrs)
        if tag not in ("meta", "path"):
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def places(svg: str) -> np.ndarray:
    return np.array([[int(x), int(y)] for x, y in re.findall(r"M(-?\d+) (-?\d+)h0", svg)])


def test_a_page_shows_every_name_and_no_markup_of_names(tmp_path: Path) -> None:
    points = RNG.normal(size=(50, 3))
    cards = [Card("a.ply", points, ["similarity 0.5"], marked=True), Card(HOSTILE, points, [HOSTILE])]
    write_cards(tmp_path / "a.html", HOSTILE, [Section("hits", cards, [HOSTILE]), Section("none")], [HOSTILE])
    page = (tmp_path / "a.html").read_text()
    tags = Tags()
    tags.feed(page)
    assert tags.open == [] and tags.seen.count("svg") == tags.seen.count("li") == 2 and "script" not in tags.seen
    assert "similarity 0.5" in tags.text and "alert(1)" in tags.text and "\x1b" not in page and "\u202e" not in page
    assert "http" not in page.replace("http-equiv", "")


@pytest.mark.parametrize("up_axis", [0, 1, 2])
def test_pictures_show_all_points_within_the_frame(up_axis: int) -> None:
    points = RNG.normal(size=(200, 3)) * 1e4 + 1e6
    found = places(draw_svg(points, up_axis))
    assert len(found) == 200 and found.min() >= 0 and found.max() <= SIDE
    high, low = np.zeros((2, 3)), np.zeros((2, 3))
    high[:, up_axis] = [1, 0]
    assert places(draw_svg(high, up_axis))[:, 1].min() < SIDE / 2
    assert places(draw_svg(low, up_axis)).tolist() == [[SIDE // 2, SIDE // 2]] * 2


def test_many_points_are_thinned_and_odd_ones_left_out() -> None:
    points = RNG.normal(size=(5000, 3))
    assert len(places(draw_svg(points, 2))) == MAX_POINTS
    points[::2] = np.nan
    assert 0 < len(places(draw_svg(points, 2))) <= MAX_POINTS
    assert len(places(draw_svg(points[:0], 2))) == 0
