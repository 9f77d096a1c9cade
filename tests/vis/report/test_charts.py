"""Charts of curves."""

import math
import re

import pytest

from conclu_pyg.vis.report.charts import HEIGHT, WIDTH, Chart, Charts, Line


def places(html: str) -> list[tuple[str, float, float]]:
    (path,) = re.findall(r'class="line c0" d="(.*?)"', html)
    return [(pen, float(x), float(y)) for pen, x, y in re.findall(r"([ML])([\d.]+) ([\d.]+)", path)]


def test_a_line_runs_through_its_points_and_stays_in_the_frame() -> None:
    found = places(Chart("loss", [Line("loss", [1, 2, 3, 4], [4.0, 2.0, 1.0, 1.0])]).html())
    assert [pen for pen, _, _ in found] == ["M", "L", "L", "L"]
    x, y = [each[1] for each in found], [each[2] for each in found]
    assert x == sorted(x) and x[0] >= 0 and x[-1] <= WIDTH and max(y) <= HEIGHT and min(y) >= 0
    assert x[1] - x[0] == pytest.approx(x[3] - x[2], abs=0.2) and y[2] == y[3]
    assert (y[1] - y[0]) == pytest.approx(2 * (y[2] - y[1]), abs=0.3)  # lower values are lower


def test_a_gap_where_a_value_is_missing() -> None:
    found = places(Chart("a", [Line("a", [1, 2, 3, 4], [1.0, math.nan, math.inf, 2.0])]).html())
    assert [pen for pen, _, _ in found] == ["M", "M"]


@pytest.mark.parametrize(
    "values",
    [
        [],
        [math.nan],
        [0.0],
        [7.0, 7.0],
        [-1e-300, 1e300],
        [-1.7e308, 1.7e308],
        [1e308],
        [0.0, 5e-324],
        [1e16, 1e16 + 2],
    ],
)
def test_few_or_extreme_values(values: list[float]) -> None:
    html = Chart("a", [Line("a", list(range(len(values))), values)], least=0.5).html()
    assert "nan" not in html.replace("no values", "") and "inf" not in html


@pytest.mark.parametrize("epoch", [math.nan, math.inf, -math.inf])
def test_a_point_without_an_epoch_is_a_gap(epoch: float) -> None:
    found = places(Chart("a", [Line("a", [1, epoch, 3], [1.0, 2.0, 3.0])]).html())
    assert [pen for pen, _, _ in found] == ["M", "M"]
    assert "path" not in Chart("a", [Line("a", [epoch], [1.0])]).html()


def test_a_screen_reader_hears_the_first_and_the_last_value() -> None:
    lines = [Line("<a>", [1, 2], [3.0, 0.5], 0), Line("b", [1], [math.nan], 1)]
    html = Charts([Chart("loss", lines)]).html()
    assert 'aria-label="loss: &lt;a&gt;: 3 to 0.5; b: no values"' in html
    assert html.count("<li>") == 2 and "<a>" not in html


def test_long_lines_are_thinned() -> None:
    found = places(Chart("a", [Line("a", range(5000), [float(each) for each in range(5000)])]).html())
    assert 300 < len(found) <= 400
