"""The prediction for one cloud, and the problems with others."""

import logging
from dataclasses import replace

import numpy as np
import pytest

from conclu_pyg.inference.prediction import Prediction, Report
from conclu_pyg.io.clouds import Cloud

CLOUD = Cloud("a", np.random.default_rng(0).normal(size=(4, 3)))
PARTS = Prediction(CLOUD, "a.ply", np.array([0, 1, 1, 1]), "chair", {"chair/leg": 0.25, "chair/seat": 0.75})
CLASS = replace(PARTS, part_shares={}, confidences={"chair": 0.876, "mug": 0.1, "vase": 0.02, "cup": 0.004})


def test_the_title_names_the_file_and_a_cloud_of_several() -> None:
    assert replace(PARTS, source="my scans/a (2).ply", cloud=replace(CLOUD, name="a (2)")).title == "my scans/a (2).ply"
    assert replace(PARTS, source="all.h5", cloud=replace(CLOUD, name="all_0001")).title == "all.h5, all_0001"


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
    assert CLASS.summary == "chair (88 %; mug 10 %, vase 2 %)" and CLASS.accuracy is None and CLASS.confidence == 0.876
    sure = replace(CLASS, confidences={"chair": 1.0, "mug": 0.0})
    assert replace(sure, true_class="mug").summary == "chair (100 %), true: mug, wrong"
    assert replace(sure, true_class="chair", novelty=0.9).summary == "chair (100 %), true: chair, correct"
    assert replace(sure, novelty=1.1).summary == "chair (100 %), unlike the training data"
    assert PARTS.confidence is None and not PARTS.is_unlike


def test_the_size_is_that_of_the_cloud_in_its_file() -> None:
    assert PARTS.size == 4 and PARTS.is_whole
    some = replace(CLASS, size=5000)
    assert some.size_and_time == "5,000 points" and not some.is_whole


def test_ten_messages_are_logged_and_all_are_kept(caplog: pytest.LogCaptureFixture) -> None:
    report = Report()
    for index in range(30):
        report.add(f"{index // 2}.ply", f"{index // 2} is broken.")
    assert len(caplog.records) == 10 and len(report.problems) == 30
    assert report.summary() == "15 files could not be used; the first 10 are named above, all in the table."


@pytest.mark.parametrize(("seconds", "text"), [(0.9, "4 points"), (1.24, "4 points in 1.2 s")])
def test_a_noticeable_duration_is_shown(seconds: float, text: str) -> None:
    assert replace(PARTS, seconds=seconds).size_and_time == text
    assert replace(PARTS, cloud=Cloud("a", CLOUD.points[:1]), size=1).size_and_time == "1 point"


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
