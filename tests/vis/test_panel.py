"""Panels: errors, thinning and legend."""

from typing import Any

import numpy as np
import pytest
from helpers import raises

from conclu_pyg.errors import DataError
from conclu_pyg.vis.colors import CORRECT, ERROR
from conclu_pyg.vis.panel import Panel, legend, panels_of, side_by_side

POS = np.random.default_rng(0).normal(size=(8, 3))


def test_ground_truth_prediction_and_error_are_panels() -> None:
    truth, predicted = np.array([0, 0, 1, 1, 2, 2, 2, 2]), np.array([0, 1, 1, 1, 2, 2, 2, 0])
    panels = panels_of(POS, predicted, truth)
    assert [panel.title for panel in panels] == ["truth", "prediction", "error: 25.0 % of the points"]
    assert np.flatnonzero(panels[2].labels == ERROR).tolist() == [1, 7]
    assert (panels[2].labels == CORRECT).sum() == 6
    assert [panel.title for panel in panels_of(POS, predicted)] == ["prediction"]


def test_the_legend_lists_the_shown_labels_parts_first() -> None:
    panels = panels_of(POS, np.array([5, 1, 1, 1, 1, 1, 1, 9]), np.ones(8, int))
    shown = {1: "b", 5: "part 5", 9: "part 9", CORRECT: "correct", ERROR: "error"}
    assert list(legend(panels, ["a", "b", "c"]).items()) == list(shown.items())
    assert legend(panels[:1], {1: "leg"}) == {1: "leg"}


def test_panels_of_one_cloud_keep_the_same_points() -> None:
    labels = np.arange(8)
    thin = [Panel(title, POS, labels).thinned(3) for title in ("a", "b")]
    assert len(thin[0].pos) == 3 and np.array_equal(thin[0].labels, thin[1].labels)
    assert np.array_equal(thin[0].pos, POS[thin[0].labels])
    assert Panel("a", POS, labels).thinned(8).pos is POS


@pytest.mark.parametrize(
    ("pos", "labels", "argument", "got", "text"),
    [
        (
            POS,
            np.zeros(7, int),
            "labels",
            (np.dtype(int), (7,)),
            "expected an integer label for each of its 8 points, got int64 [7].",
        ),
        (POS, np.zeros(8), "labels", (np.dtype(float), (8,)), ""),
        (POS[:0], np.zeros(0, int), "pos", [0, 3], "expected finite points of shape [points, 3], got [0, 3]."),
        (POS[:, :2], np.zeros(8, int), "pos", [8, 2], ""),
        (POS * np.nan, np.zeros(8, int), "pos", [8, 3], ""),
        (POS, np.full(8, -3), "labels", -3, "labels of parts must be >= 0, got -3."),
    ],
)
def test_invalid_panels_are_refused(pos: np.ndarray, labels: np.ndarray, argument: str, got: Any, text: str) -> None:
    with raises(DataError, argument=argument, got=got) as error:
        Panel("x", pos, labels)
    assert str(error.value).startswith(f"cannot show 'x': {text}")


def test_a_shorter_ground_truth_is_refused() -> None:
    with raises(DataError, argument="labels", got=(np.dtype(int), (5,))):
        panels_of(POS, np.zeros(8, int), np.zeros(5, int))


def test_panels_side_by_side_have_equal_sizes_and_do_not_touch() -> None:
    pos = np.random.default_rng(0).normal(size=(30, 3)) * [1, 2, 30] + 100
    labels = np.arange(30) % 3
    first, second, third = (panel.pos for panel in side_by_side(panels_of(pos, labels, labels), up_axis=2))
    shift = (second - first)[0]
    assert np.allclose(second, first + shift) and np.allclose(third, first + 2 * shift)
    assert np.isclose(np.ptp(first, axis=0).max(), 1) and np.linalg.norm(shift) > 1
