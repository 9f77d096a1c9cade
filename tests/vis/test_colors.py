"""The colours of parts: distinguishable, readable on white, and the same in every plot."""

import math

import numpy as np

from conclu_pyg.vis.colors import CORRECT, ERROR, NUM_COLORS, USUAL, color_of, hex_of, part_colors


def lab(color: np.ndarray) -> tuple[float, float, float]:
    """CIELAB by the scalar formulas, from sRGB of 0 to 255, with the white that the matrix itself gives."""

    def linear(value: float) -> float:
        return value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4

    def xyz(r: float, g: float, b: float) -> list[float]:
        rows = ((0.412453, 0.357580, 0.180423), (0.212671, 0.715160, 0.072169), (0.019334, 0.119193, 0.950227))
        return [x * r + y * g + z * b for x, y, z in rows]

    def f(value: float) -> float:
        return value ** (1 / 3) if value > 0.008856 else 7.787 * value + 16 / 116

    white = xyz(1, 1, 1)
    x, y, z = (f(a / w) for a, w in zip(xyz(*(linear(v / 255) for v in color.tolist())), white, strict=True))
    return 116 * y - 16, 500 * (x - y), 200 * (y - z)


def distances(colors: np.ndarray) -> np.ndarray:
    points = [lab(color) for color in colors]
    return np.array(
        [[math.dist(a, b) if i != k else math.inf for k, b in enumerate(points)] for i, a in enumerate(points)]
    )


def test_colors_are_distinguishable() -> None:
    apart = distances(part_colors())
    assert part_colors().shape == (NUM_COLORS, 3) and NUM_COLORS >= 64
    assert apart[:64, :64].min() > 20
    assert apart.min() > 15


def test_the_first_colors_are_usual_and_all_are_readable_on_white() -> None:
    assert part_colors()[: len(USUAL)].tolist() == [list(color) for color in USUAL]
    white = lab(np.array([255, 255, 255]))
    assert math.isclose(white[0], 100, abs_tol=1e-6)
    assert min(math.dist(lab(color), white) for color in part_colors()) > 25


def test_the_color_of_a_part_does_not_depend_on_the_others() -> None:
    many = color_of(np.arange(94))
    assert np.array_equal(color_of(np.array([93, 5, 93])), many[[93, 5, 93]])
    assert np.array_equal(color_of(np.array([NUM_COLORS + 3])), many[[3]])
    assert np.array_equal(color_of(np.array([7], dtype=np.uint8)), many[[7]])
    assert hex_of(0) == "#1f77b4"


def test_error_stands_out_from_correct() -> None:
    correct, error = color_of(np.array([CORRECT, ERROR]))
    assert len(set(correct.tolist())) == 1 and not error.any()
    assert math.dist(lab(correct), lab(error)) > 60


def test_no_part_has_the_color_of_an_error() -> None:
    error = lab(color_of(np.array([ERROR]))[0])
    assert min(math.dist(lab(color), error) for color in part_colors()) > 20


def test_nobody_can_change_the_table() -> None:
    color_of(np.arange(3))[:] = 0
    assert part_colors()[0].any()
