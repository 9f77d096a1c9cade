"""The prediction for one cloud, and the problems with others."""

import logging
from dataclasses import replace

import numpy as np
import pytest

from conclu_pyg.inference.prediction import Prediction, Report
from conclu_pyg.io.clouds import Cloud

CLOUD = Cloud("a", np.random.default_rng(0).normal(size=(4, 3)))
PARTS = Prediction(CLOUD, "a.ply", np.array([0, 1, 1, 1]), "chair", {"chair/leg": 0.25, "chair/seat": 0.75})
CLASS = replace(PARTS, part_shares={}, probability=0.876)


def test_parts_are_summarised_by_their_shares_and_the_accuracy() -> None:
    assert PARTS.summary == "chair: predicted leg 25 %, seat 75 %" and PARTS.accuracy is None
    known = replace(PARTS, true_parts=np.array([0, 1, 1, 0]))
    assert known.summary == "chair: predicted leg 25 %, seat 75 %; 75.0 % of the points correct"
    assert known.accuracy == 0.75
    assert [panel.title for panel in known.panels()] == ["truth", "prediction", "error: 25.0 % of the points"]


def test_small_shares_and_parts_without_names_are_readable() -> None:
    assert replace(PARTS, part_shares={"chair/leg": 0.003, "chair/seat": 0.997}).summary == (
        "chair: predicted leg < 1 %, seat 100 %"
    )
    assert replace(PARTS, part_shares={"Table/0": 0.25, "Table/47": 0.75}).summary == (
        "chair: predicted part 0 25 %, part 47 75 %"
    )


def test_a_class_is_summarised_by_its_probability_and_the_true_class() -> None:
    assert CLASS.summary == "chair (88 %)" and CLASS.accuracy is None
    assert replace(CLASS, true_class="mug").summary == "chair (88 %), true: mug, wrong"
    assert replace(CLASS, true_class="chair").summary == "chair (88 %), true: chair, correct"


@pytest.mark.parametrize(("seconds", "text"), [(0.9, "4 points"), (1.24, "4 points in 1.2 s")])
def test_a_noticeable_duration_is_shown(seconds: float, text: str) -> None:
    assert replace(PARTS, seconds=seconds).size_and_time == text
    assert replace(PARTS, cloud=Cloud("a", CLOUD.points[:1])).size_and_time == "1 point"


def test_file_labels_have_the_order_and_the_size_of_the_file() -> None:
    assert PARTS.file_labels().tolist() == [0, 1, 1, 1]
    some = replace(PARTS, cloud=replace(CLOUD, rows=np.array([1, 2, 4, 5]), left_out=3))
    assert some.file_labels().tolist() == [-1, 0, 1, -1, 1, 1, -1] and some.file_labels().dtype == np.int64


def test_files_are_counted_once_and_by_their_worst_problem() -> None:
    report = Report()
    assert report.summary() == ""
    report.add("a.ply", "a is broken.")
    report.add("a.ply", "a is broken twice.")
    assert report.summary() == "1 file could not be used; see the warnings above."
    report.add("a.ply", "no labels.", "truth")
    report.add("b.ply", "no labels.", "truth")
    report.add("c.ply", "no labels.", "truth")
    assert report.unusable == {"a.ply"} and report.without_truth == {"b.ply", "c.ply"}
    assert (
        report.summary() == "1 file could not be used and 2 files had no usable ground truth; see the warnings above."
    )


def test_each_message_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    report = Report()
    with caplog.at_level(logging.WARNING, "conclu_pyg"):
        for source in ("a.ply", "b.ply"):
            report.add(source, "no labels.", "truth")
    assert [record.getMessage() for record in caplog.records] == ["no labels."] and len(report.problems) == 2
