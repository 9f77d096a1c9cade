"""A report in Chromium: no errors, no overflow, and pictures, the map and its keys work."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from conclu_pyg.vis.panel import panels_of
from conclu_pyg.vis.report.blocks import Cards, CloudCard, Facts, Folded, Table
from conclu_pyg.vis.report.charts import Chart, Charts, Line
from conclu_pyg.vis.report.cloud_map import CloudMap, Colouring, Layout
from conclu_pyg.vis.report.matrix import Matrix
from conclu_pyg.vis.report.page import PicturedClouds, Section, write_report
from conclu_pyg.vis.report.parts import PartsCloud, PartsClouds

pytestmark = [pytest.mark.slow, pytest.mark.timeout(280)]
WIDTHS = (1280, 390)
LONG = "a" * 300 + " </script><b>\"'&"
COUNT = 30
# Whether a canvas has pixels that are not transparent.
DRAWN = """const pen = arguments[0].getContext("2d"), {width, height} = arguments[0];
return width > 0 && pen.getImageData(0, 0, width, height).data.some((value, place) => place % 4 === 3 && value > 0);"""


@pytest.fixture(scope="module")
def open_page() -> Iterator[Callable[..., Any]]:
    """Returns a function that opens a page at a width, in a browser without a network."""
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service

    names = ("chromium", "chromium-browser", "google-chrome")
    browser = next((path for name in names if (path := shutil.which(name))), None)
    driver = shutil.which("chromedriver")
    if browser is None or driver is None:
        pytest.skip("needs Chromium and chromedriver (apt-get install chromium chromium-driver)")
    options = webdriver.ChromeOptions()
    options.binary_location = browser
    for argument in ("--headless=new", "--no-sandbox", "--host-resolver-rules=MAP * ~NOTFOUND", "--hide-scrollbars"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    chromium = webdriver.Chrome(options=options, service=Service(driver))

    def open_at(path: Path, width: int, scheme: str = "light") -> Any:
        size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 500}
        chromium.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        media = {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
        chromium.execute_cdp_cmd("Emulation.setEmulatedMedia", media)
        chromium.get(path.as_uri())
        return chromium

    yield open_at
    chromium.quit()


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A report with every kind of block and names that are too long for a line."""
    rng = np.random.default_rng(0)
    places = np.stack([np.arange(COUNT), np.arange(COUNT) % 3], axis=1).astype(float)  # three rows
    near = (np.arange(COUNT)[:, None] + [[1, 2]]) % COUNT
    names = [f"{number}_{LONG}" for number in range(COUNT)]
    colourings = [
        Colouring.of_labels("class", [LONG, "b"] * (COUNT // 2)),
        Colouring.of_scores("score", np.linspace(0, 2, COUNT)),
    ]
    layouts = [Layout(name, places, f"note on {name}") for name in ("PCA", "t-SNE")]
    lines = [Line("a", [1, 2], [1.0, 2.0]), Line("b", [1, 2], [2.0, 1.0], 1)]
    labels40 = [f"{number}" * 20 for number in range(40)]
    pos, labels = rng.normal(size=(200, 3)), np.arange(200) % 3
    sections = [
        Section("facts", [Facts({"a": LONG, LONG: 1}), Folded("config", LONG)], [LONG]),
        Section("curves", [Charts([Chart(LONG, lines)] * 5)]),
        Section("map", [CloudMap(layouts, colourings, near, np.full((COUNT, 2), 0.5))]),
        Section("gallery", [Cards(LONG, [CloudCard(row, names[row], [LONG]) for row in range(12)])]),
        Section("tables", [Table([LONG] * 6, [[LONG] * 6], "table"), Matrix("m", labels40, np.eye(40, dtype=int))]),
        Section("parts", [PartsClouds([PartsCloud(LONG, panels_of(pos, labels, 0 * labels))], [LONG, "b", "c"], 2)]),
    ]  # fmt: skip
    clouds = [rng.normal(size=(60, 3)) for _ in range(COUNT - 1)]
    path = tmp_path_factory.mktemp("report") / "a.html"
    write_report(path, LONG, sections, [LONG], PicturedClouds(names, [*clouds, np.empty((0, 3))], 2))
    return path


def all_in_view(browser: Any, selector: str) -> list[Any]:
    """Scrolls to each canvas, which draws itself when it comes into view."""
    found = browser.find_elements("css selector", selector)
    for canvas in found:
        browser.execute_script("arguments[0].scrollIntoView()", canvas)
        browser.execute_async_script("requestAnimationFrame(() => setTimeout(arguments[0], 60))")
    return found


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_everything_is_drawn_without_errors_or_overflow(
    open_page: Callable[..., Any], page: Path, width: int, scheme: str
) -> None:
    browser = open_page(page, width, scheme)
    assert browser.execute_script("return document.documentElement.dataset.ready") == "1"
    canvases = all_in_view(browser, "main canvas.picture[data-row], #map, canvas.part")
    assert len(canvases) == 12 + 1 + 3
    assert [browser.execute_script(DRAWN, canvas) for canvas in canvases] == [True] * len(canvases)
    assert browser.execute_script("return [document.documentElement.scrollWidth, innerWidth]") == [width, width]
    assert browser.get_log("browser") == []
    dark = browser.execute_script("return getComputedStyle(document.body).backgroundColor")
    assert (dark == "rgb(255, 255, 255)") == (scheme == "light")


@pytest.mark.parametrize("width", WIDTHS)
def test_the_map_works_by_keyboard_and_by_pointer(open_page: Callable[..., Any], page: Path, width: int) -> None:
    from selenium.webdriver.common.action_chains import ActionChains
    from selenium.webdriver.common.keys import Keys

    browser = open_page(page, width)
    (canvas,) = all_in_view(browser, "#map")
    tip, spoken, chosen = (browser.find_element("id", name) for name in ("tip", "spoken", "chosen"))
    assert not tip.is_displayed()
    canvas.send_keys(Keys.ARROW_RIGHT)  # the dot in the middle
    assert tip.is_displayed() and browser.execute_script(DRAWN, tip.find_element("tag name", "canvas"))
    first = int(spoken.get_attribute("textContent").partition("_")[0])
    canvas.send_keys(Keys.ARROW_RIGHT)
    second = int(spoken.get_attribute("textContent").partition("_")[0])
    assert second > first and tip.find_element("tag name", "strong").text.startswith(f"{second}_{LONG[:50]}")
    canvas.send_keys(Keys.ENTER)
    assert chosen.get_attribute("data-row") == str(second)
    rows = [button.text.partition("_")[0] for button in chosen.find_elements("css selector", ".cards button")]
    assert rows == [str((second + step) % COUNT) for step in (1, 2)]
    chosen.find_element("css selector", ".cards button").click()
    assert chosen.get_attribute("data-row") == str((second + 1) % COUNT)
    canvas.send_keys(Keys.ESCAPE)
    assert not tip.is_displayed()
    # The dot of cloud 0 is the lowest on the left.
    box, side = canvas.rect, 0.94 * min(canvas.rect["width"], canvas.rect["height"])
    ActionChains(browser).move_to_element_with_offset(canvas, -side / 2, side / (COUNT - 1)).perform()
    assert tip.find_element("tag name", "strong").text.startswith("0_") and box["width"] <= width
    ActionChains(browser).click().perform()
    assert chosen.get_attribute("data-row") == "0" and browser.get_log("browser") == []


def test_the_legend_shows_one_value_alone_and_names_are_found(open_page: Callable[..., Any], page: Path) -> None:
    from selenium.webdriver.support.ui import Select

    browser = open_page(page, 1280)
    Select(browser.find_element("id", "colouring")).select_by_visible_text("score")
    buttons = browser.find_elements("css selector", "#legend button")
    assert [button.text.rpartition(" ")[0] for button in buttons] == [
        *("up to 0.5", "0.5 to 0.75", "0.75 to 1", "1 to 1.5", "above 1.5")
    ]
    buttons[1].click()
    assert [button.get_attribute("aria-pressed") for button in buttons] == ["false", "true", *["false"] * 3]
    buttons[1].click()
    assert buttons[1].get_attribute("aria-pressed") == "false"
    Select(browser.find_element("id", "layout")).select_by_visible_text("t-SNE")
    assert browser.find_element("id", "layout-note").text == "note on t-SNE"
    browser.find_element("id", "find").send_keys("17_")
    assert browser.find_element("id", "chosen").get_attribute("data-row") == "17"


def test_cards_open_their_cloud_and_lists_have_one_stop_for_tab(open_page: Callable[..., Any], page: Path) -> None:
    from selenium.webdriver.common.keys import Keys

    browser = open_page(page, 390)
    cards = browser.find_elements("css selector", "main section .cards button[data-row]")
    assert [card.get_attribute("tabindex") for card in cards] == ["0", *["-1"] * 11]
    cards[0].send_keys(Keys.ARROW_RIGHT)
    browser.switch_to.active_element.send_keys(Keys.ENTER)
    dialog = browser.find_element("id", "cloud")
    assert dialog.is_displayed() and dialog.find_element("tag name", "h3").text.startswith("1_")
    turned = browser.switch_to.active_element
    turned.send_keys(Keys.ARROW_LEFT)
    assert turned.get_attribute("data-direction") is not None and browser.execute_script(DRAWN, turned)
    turned.send_keys(Keys.ESCAPE)
    assert not dialog.is_displayed() and browser.get_log("browser") == []


def test_turning_a_panel_turns_all_panels_of_its_cloud(open_page: Callable[..., Any], page: Path) -> None:
    from selenium.webdriver.common.action_chains import ActionChains
    from selenium.webdriver.common.keys import Keys

    browser = open_page(page, 1280)
    panels = all_in_view(browser, "canvas.part")
    before = [browser.execute_script("return arguments[0].toDataURL()", panel) for panel in panels]
    panels[1].send_keys(Keys.ARROW_LEFT, Keys.ARROW_UP)
    after = [browser.execute_script("return arguments[0].toDataURL()", panel) for panel in panels]
    directions = {panel.get_attribute("data-direction") for panel in panels}
    assert len(directions) == 1 and None not in directions
    assert all(a != b for a, b in zip(before, after, strict=True))
    ActionChains(browser).click_and_hold(panels[2]).move_by_offset(40, 10).release().perform()
    dragged = {panel.get_attribute("data-direction") for panel in panels}
    assert len(dragged) == 1 and dragged != directions
    panels[0].send_keys(Keys.HOME)
    assert [browser.execute_script("return arguments[0].toDataURL()", panel) for panel in panels] == before
