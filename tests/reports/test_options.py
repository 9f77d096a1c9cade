"""Options of reports."""

import pytest
from helpers import raises

from conclu_pyg.errors import ArgumentError
from conclu_pyg.reports.options import ReportOptions


@pytest.mark.parametrize("clouds", [0, -1, 20_001, 70_000])
def test_a_report_has_1_to_20000_clouds(clouds: int) -> None:
    with raises(ArgumentError, argument="clouds", got=clouds):
        ReportOptions(clouds=clouds)
    assert ReportOptions(clouds=20_000).clouds == 20_000
