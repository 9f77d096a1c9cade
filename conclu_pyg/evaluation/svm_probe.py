"""The linear SVM as a probe: the paper's measure of an encoder (section 3.3)."""

from __future__ import annotations

from conclu_pyg.evaluation.linear_record import linear_record
from conclu_pyg.evaluation.linear_svm import GRID, linear_svm
from conclu_pyg.evaluation.probe import Probe, ProbeSplits
from conclu_pyg.runs.loaded_run import LoadedRun
from conclu_pyg.runs.records import Record


def svm_probe(run: LoadedRun, splits: ProbeSplits) -> list[Record]:
    """One record: the accuracy of a linear SVM on the pooled features of the frozen encoder.

    Raises:
        ConcluError: as :func:`~conclu_pyg.evaluation.linear_record.linear_record`.
    """
    record = linear_record(
        run, splits, task="svm", classifier="a linear SVM", protocol="linear SVM", grid=GRID, classify=linear_svm
    )
    return [record]


SVM = Probe("linear SVM", svm_probe)
