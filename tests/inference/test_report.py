"""Problems with single clouds."""

import logging

import pytest

from conclu_pyg.inference.report import Report


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
