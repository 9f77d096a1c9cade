"""A prediction in words."""

from dataclasses import replace

import numpy as np
import pytest

from conclu_pyg.inference.prediction import Prediction, in_total

POS = np.random.default_rng(0).normal(size=(4, 3))
PARTS = Prediction("a", "a.ply", POS, np.array([0, 1, 1, 1]), "chair", "leg 25 %, seat 75 %")
CLASS = replace(PARTS, parts="", probability=0.876)


def test_parts_are_said_with_the_share_that_is_right() -> None:
    assert PARTS.answer == "chair: predicted leg 25 %, seat 75 %" and PARTS.right is None
    known = replace(PARTS, truth=np.array([0, 1, 1, 0]))
    assert known.answer == "chair: predicted leg 25 %, seat 75 %; 75.0 % of the points right" and known.right == 0.75
    assert [panel.title for panel in known.panels()] == ["truth", "prediction", "error: 25.0 % of the points"]


def test_a_class_is_said_with_its_probability_and_whether_it_is_right() -> None:
    assert CLASS.answer == "chair (88 %)" and CLASS.right is None
    assert replace(CLASS, true_class="mug").answer == "chair (88 %), true: mug, wrong"
    assert replace(CLASS, true_class="chair").answer == "chair (88 %), true: chair, right"


@pytest.mark.parametrize(("seconds", "effort"), [(0.9, "4 points"), (1.24, "4 points in 1.2 s")])
def test_the_time_is_said_where_one_had_to_wait(seconds: float, effort: str) -> None:
    assert replace(PARTS, seconds=seconds).effort == effort
    assert replace(PARTS, pos=POS[:1]).effort == "1 point"


def test_labels_are_those_of_the_files_points() -> None:
    assert PARTS.file_labels().tolist() == [0, 1, 1, 1]
    some = replace(PARTS, rows=np.array([1, 2, 4, 5]), left_out=3)
    assert some.file_labels().tolist() == [-1, 0, 1, -1, 1, 1, -1] and some.file_labels().dtype == np.int64


def test_several_answers_come_to_a_total() -> None:
    assert in_total([0.5, 1.0], True) == "in total: 75.0 % of the points right, the mean of 2 clouds"
    assert in_total([0.0, 1.0, 1.0], False) == "in total: 2 of 3 clouds right (66.7 %)"
