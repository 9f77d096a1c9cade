"""Figures of the paper stand beside what it measured itself, and beside nothing else."""

import pytest

from conclu_pyg.evaluation.paper import papers_figure

SVM = {"task": "svm", "metric": "accuracy", "dataset": "ModelNet40", "encoder": "PointNet"}
BOTH = {"terms": "contrast + cluster", "initialisation": "ModelNet40", "method": "ConClu"}
PARTS = {"task": "part_segmentation", "metric": "instance mIoU", "dataset": "ShapeNetPart", "encoder": "DGCNN"}
FINE_TUNED = {"terms": "", "initialisation": "ModelNet40", "method": "ConClu"}


@pytest.mark.parametrize(
    ("of", "figure"),
    [
        ({**SVM, **BOTH}, 89.8),
        ({**SVM, **BOTH, "terms": "cluster"}, 85.3),
        ({**PARTS, **FINE_TUNED}, 85.4),
        ({**PARTS, **FINE_TUNED, "encoder": "PointNet", "metric": "accuracy"}, 93.6),
        ({**PARTS, "terms": "", "initialisation": "random", "method": ""}, 84.4),
    ],
)
def test_the_papers_own_tables(of: dict[str, str], figure: float) -> None:
    assert papers_figure(**of) == figure


@pytest.mark.parametrize(
    "of",
    [
        {**SVM, **BOTH, "initialisation": "ModelNet10"},
        {**SVM, **BOTH, "initialisation": "random", "terms": "", "method": ""},
        {**SVM, **BOTH, "metric": "mean accuracy under changes"},
        {**SVM, **BOTH, "task": "knn"},
        {**PARTS, **FINE_TUNED, "dataset": "PSB"},
        {**PARTS, **FINE_TUNED, "metric": "category mIoU"},
        {**PARTS, **FINE_TUNED, "initialisation": "ModelNet40, then Scans"},
        {**PARTS, **FINE_TUNED, "method": "Classifier"},
        {**PARTS, **FINE_TUNED, "encoder": "MyEncoder"},
    ],
)
def test_nothing_stands_beside_what_the_paper_did_not_measure(of: dict[str, str]) -> None:
    assert papers_figure(**of) is None
