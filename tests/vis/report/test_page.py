"""The file of a report: escaped, self-contained, and its data complete."""

import base64
import hashlib
import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np

from conclu_pyg.vis.panel import panels_of
from conclu_pyg.vis.report.blocks import MAX_LISTED, Cards, CloudCard, Facts, Folded, Listing, Table
from conclu_pyg.vis.report.charts import Chart, Charts, Line
from conclu_pyg.vis.report.cloud_map import MAX_NAMES, CloudMap, Colouring, Layout
from conclu_pyg.vis.report.matrix import Matrix
from conclu_pyg.vis.report.packing import pack
from conclu_pyg.vis.report.page import PicturedClouds, Section, write_report
from conclu_pyg.vis.report.parts import PartsCloud, PartsClouds

RNG = np.random.default_rng(0)
HOSTILE = "</script><script>alert(1)</script>\n\"'&<!-- javascript:alert(2) \u2028\x1b[2J\u202e\udce9"
VOID = {"meta", "path", "input"}


class Tags(HTMLParser):
    """Checks that elements are nested, and collects them with their attributes and text."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def make_map(clouds: int, name: str = "class") -> CloudMap:
    near = np.arange(clouds)[:, None] * [[1, 1]] % clouds
    colouring = Colouring.of_labels(name, [name] * clouds)
    return CloudMap([Layout(name, RNG.normal(size=(clouds, 2)), name)], [colouring], near, np.zeros((clouds, 2)))


def write(path: Path, text: str) -> str:
    pos = RNG.normal(size=(40, 3))
    labels = np.arange(40) % 3
    blocks = [
        Facts({text: text}), Table([text, text], [[text, text], ["a", 1.5]], text, marked=[0]), Listing([text] * 3),
        Folded(text, text), Cards(text, [CloudCard(0, text, [text], marked=True)], [text]),
        Charts([Chart(text, [Line(text, [1, 2], [1.0, 2.0]), Line(f"{text}2", [1], [2.0], 9)])]),
        Matrix(text, [text, f"{text}2"], np.eye(2, dtype=int)), make_map(3, text),
        PartsClouds([PartsCloud(text, panels_of(pos, labels, np.zeros(40, int)), [text])], [text] * 3, 2),
    ]  # fmt: skip
    clouds = PicturedClouds([text, "b", "c"], [pos, pos[:5], pos[:0]], 1)
    write_report(path, text, [Section(text, blocks, [text])], [text], clouds)
    return path.read_text(encoding="utf-8")


def data_of(page: str) -> dict[str, Any]:
    (text,) = re.findall(r'<script type="application/json" id="data">(.*?)</script>', page)
    return json.loads(text)


def test_hostile_text_is_escaped_everywhere(tmp_path: Path) -> None:
    page = write(tmp_path / "a.html", HOSTILE)
    tags = Tags()
    tags.feed(page)
    assert tags.open == []
    assert [tag for tag, _ in tags.seen].count("script") == 2
    for _, attributes in tags.seen:
        assert not any(name.startswith("on") for name in attributes)
        assert attributes.get("href", "#").startswith("#") and "src" not in attributes
    assert not {"\x1b", "\u202e", "\u2028"} & set(page)
    shown = r"""</script><script>alert(1)</script>\n"'&<!-- javascript:alert(2) \u2028\x1b[2J\u202e\xe9"""
    assert tags.text.count(shown) > 20
    assert data_of(page)["clouds"]["names"][0] == shown


def test_only_the_script_of_the_page_may_run_and_nothing_is_requested(tmp_path: Path) -> None:
    page = write(tmp_path / "a.html", HOSTILE)
    (policy,) = re.findall(r'http-equiv="Content-Security-Policy" content="(.*?)"', page)
    *_, script = re.findall(r"<script>(.*?)</script>", page, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert policy == f"default-src 'none'; script-src 'sha256-{digest}'; style-src 'unsafe-inline'"
    assert not re.search(r"(https?:)?//[a-z]+\.", page) and "innerHTML" not in page and "eval(" not in script


def test_the_same_report_is_the_same_file(tmp_path: Path) -> None:
    global RNG
    pages = []
    for _ in range(2):
        RNG = np.random.default_rng(0)
        pages.append(write(tmp_path / "a.html", "x"))
    assert pages[0] == pages[1]


def test_text_tables_and_curves_need_no_script(tmp_path: Path) -> None:
    tags = Tags()
    tags.feed(re.sub(r"<script.*?</script>", "", write(tmp_path / "a.html", "name"), flags=re.DOTALL))
    assert {"table", "svg", "dl", "details"} <= {tag for tag, _ in tags.seen} and "JavaScript" in tags.text


def test_lists_are_bounded() -> None:
    html = Listing([str(each) for each in range(MAX_LISTED + 5)]).html()
    assert html.count("<li>") == MAX_LISTED + 1 and "and 5 more" in html


def test_labels_are_ordered_by_number_and_the_rarest_of_many_share_a_colour() -> None:
    found = Colouring.of_labels("class", ["b", "a", "", "b", "c"])
    assert list(found.names) == ["b", "a", "c"] and found.values.tolist() == [0, 1, -1, 0, 2]
    many = Colouring.of_labels("class", [str(each // 2) for each in range(2 * MAX_NAMES + 10)] + ["0"])
    assert len(many.names) == len(many.colors) == MAX_NAMES and many.values.max() == MAX_NAMES - 1
    assert many.names[0] == "0" and many.names[-1] == "6 others"


def test_scores_are_coloured_by_their_threshold() -> None:
    found = Colouring.of_scores("score", np.array([0.1, 0.9, 1.1, 9.0]))
    assert [found.names[value] for value in found.values] == ["up to 0.5", "0.75 to 1", "1 to 1.5", "above 1.5"]


def test_the_map_keeps_places_neighbours_and_clouds_without_a_value() -> None:
    xy = np.array([[0.0, 0.0], [4.0, 0.0], [0.0, 2.0]])
    colouring = Colouring("class", np.array([0, -1, 1]), ["a", "b"], ["#000000", "#ffffff"])
    near = np.array([[1, 2], [0, 2], [0, 0xFFFF]])
    data = CloudMap([Layout("PCA", xy, "")], [colouring], near, np.full((3, 2), 0.5)).data["map"]
    places = np.frombuffer(base64.b64decode(data["layouts"][0]["xy"]), "<u2").reshape(3, 2) / 65535
    np.testing.assert_allclose(places, [[0, 0.25], [1, 0.25], [0, 0.75]], atol=1e-4)  # one scale for both axes
    assert data["near"]["rows"] == pack(near) and data["colourings"][0]["values"] == pack(np.array([0, 0xFFFF, 1]))


def test_panels_share_their_points_and_each_has_its_labels() -> None:
    pos, predicted, truth = RNG.normal(size=(30, 3)), np.arange(30) % 3, np.zeros(30, int)
    block = PartsClouds([PartsCloud("a", panels_of(pos, predicted, truth))], ["x", "y", "z"], 2)
    data = block.data["parts"]
    assert len(data["labels"]) == 1 and len(data["labels"][0]) == 3 and data["bits"] == 16
    numbers = [np.frombuffer(base64.b64decode(text), "<u2") for text in data["labels"][0]]
    colors = [[data["colors"][each] for each in panel] for panel in numbers]
    assert len(set(colors[0])) == 1 and len(set(colors[1])) == 3
    assert [a != b for a, b in zip(colors[0], colors[1], strict=True)] == [color == "error" for color in colors[2]]
    html = block.html()
    assert html.count("<canvas") == 3 and "error: 66.7 % of the points" in html


def test_a_matrix_shows_shares_of_labels_that_occur() -> None:
    counts = np.zeros((4, 4), int)
    counts[0, 0], counts[0, 2], counts[2, 2] = 3, 1, 5
    html = Matrix("confusion", ["a", "b", "c", "d"], counts).html()
    assert re.findall(r'<th scope="row">(.*?)</th>', html) == ["a", "c"]
    assert re.findall(r"<td.*?>(\d*)</td>", html) == ["75", "25", "", "100"]
