"""Colours of scores."""

import numpy as np

from conclu_pyg.vis.cards import draw_svg
from conclu_pyg.vis.heat import BOUNDS, heat_color, heat_level, hex_colors


def test_levels_rise_with_the_score() -> None:
    values = np.array([-1, 0, *BOUNDS, np.nextafter(1, 2), 9])
    assert heat_level(values).tolist() == [0, 0, 0, 1, 2, 3, 3, 4]
    assert ["#" + bytes(color).hex() for color in heat_color(values)] == [
        hex_colors()[each] for each in heat_level(values)
    ]


def test_pictures_show_the_values_of_their_points_and_the_highest_in_front() -> None:
    points = np.random.default_rng(0).normal(size=(90, 3))
    points[5] = np.nan
    values = np.repeat([0.2, 1.2, 3.0], 30)
    svg = draw_svg(points, 2, values=values)
    cold, hot, hottest = (hex_colors()[level] for level in (0, 3, 4))
    parts = dict(part.split('"', 1) for part in svg.split("stroke:")[1:])
    assert [parts[color].count("h0") for color in (cold, hot, hottest)] == [29, 30, 30] and len(parts) == 3
    assert svg.index(cold) < svg.index(hot) < svg.index(hottest)
