"""Figures of the paper stand beside what it measured itself, and beside nothing else."""

from dataclasses import replace
from typing import Any

import pytest

from conclu_pyg.evaluation.paper import papers_figure
from conclu_pyg.runs.records import Record

SVM = Record(
    task="svm",
    dataset="ModelNet40",
    encoder="PointNet",
    method="ConClu",
    initialisation="ModelNet40",
    metric="accuracy",
    value=87.0,
    seed=0,
    epochs=12,
    protocol="",
    command="",
    seconds=1.0,
    details={"on": "test", "labels": {"fraction": 1.0}, "terms": ["contrast", "cluster", "orthogonality"]},
)
PARTS = replace(
    SVM,
    task="part_segmentation",
    dataset="ShapeNetPart",
    encoder="DGCNN",
    metric="instance mIoU",
    details={
        "on": "test",
        "labels": {"fraction": 1.0},
        "votes": 1,
        "frozen": False,
        "pretraining": {"terms": ["contrast", "cluster", "orthogonality"]},
    },
)


def changed(record: Record, **details: Any) -> Record:
    return replace(record, details={**record.details, **details})


@pytest.mark.parametrize(
    ("record", "figure"),
    [
        (SVM, 89.8),
        (changed(SVM, terms=["cluster", "orthogonality"]), 85.3),
        (replace(SVM, details={"terms": ["contrast", "cluster"]}), 89.8),  # before details had what it learnt from
        (PARTS, 85.4),
        (replace(PARTS, encoder="PointNet", metric="accuracy"), 93.6),
        (replace(PARTS, initialisation="random", method=""), 84.4),
    ],
)
def test_the_papers_own_tables(record: Record, figure: float) -> None:
    assert papers_figure(record) == figure


@pytest.mark.parametrize(
    "record",
    [
        replace(SVM, initialisation="ModelNet10"),
        replace(SVM, initialisation="random"),
        replace(SVM, metric="mean accuracy under changes"),
        replace(SVM, task="knn"),
        replace(SVM, method="SimSiam"),
        changed(SVM, on="validation"),
        changed(SVM, labels={"per_class": 10}),
        replace(PARTS, dataset="PSB"),
        replace(PARTS, metric="category mIoU"),
        replace(PARTS, initialisation="ModelNet40, then Scans"),
        replace(PARTS, method="Classifier"),
        replace(PARTS, encoder="MyEncoder"),
        changed(PARTS, labels={"fraction": 0.01}),
        changed(PARTS, votes=5),
        changed(PARTS, frozen=True),
        changed(PARTS, pretraining={"terms": ["contrast"]}),
        changed(PARTS, pretraining={"terms": ["contrast", "cluster"], "departures": ["64 of its 94 tensors random"]}),
        changed(PARTS, pretraining={}),  # of an older version, which does not say
    ],
)
def test_nothing_stands_beside_what_the_paper_did_not_measure(record: Record) -> None:
    assert papers_figure(record) is None
