from dataclasses import replace
from typing import Any

import pytest

from conclu_pyg.errors import ConcluError
from conclu_pyg.evaluation.label_curves import label_curves
from conclu_pyg.runs.records import Record

RECORD = Record(
    task="part_segmentation",
    dataset="PSB",
    encoder="PointNet",
    method="ConClu",
    initialisation="ModelNet40",
    metric="instance mIoU",
    value=50.0,
    seed=0,
    epochs=12,
    protocol="",
    command="",
    seconds=1.0,
    details={"labels": {"fraction": 1.0}, "votes": 1, "per_class": {}, "setting": "a"},
)


def measured(
    value: float, labels: dict[str, float], seed: int = 0, start: str = "ModelNet40", **details: Any
) -> Record:
    setting = f"{start} {labels}"  # each share of the labels is a setting of its own
    return replace(
        RECORD,
        value=value,
        seed=seed,
        initialisation=start,
        details={**RECORD.details, "setting": setting, "labels": labels, **details},
    )


def test_seeds_are_put_together_by_start_and_number_of_labels() -> None:
    records = [
        measured(60.0, {"fraction": 1}, seed=1),
        measured(40.0, {"fraction": 0.1}, seed=1),
        measured(42.0, {"fraction": 0.1}, seed=0),
        measured(30.0, {"fraction": 0.1}, start="random"),
        measured(55.0, {"fraction": 1}, start="random"),
    ]
    pretrained, random = label_curves(records)
    assert pretrained.panel == random.panel == ("PSB", "part_segmentation", "instance mIoU", "fraction", "PointNet")
    assert pretrained[1:] == ("ConClu on ModelNet40", [0.1, 1], [[42.0, 40.0], [60.0]])
    assert random[1:] == ("random weights", [0.1, 1], [[30.0], [55.0]])


def test_one_number_of_labels_is_no_curve() -> None:
    assert label_curves([measured(60.0, {"fraction": 1}), measured(61.0, {"fraction": 1}, seed=1)]) == []
    assert label_curves([replace(RECORD, details={"per_class": {}, "setting": "a"})] * 2) == []  # a probe


def test_fractions_and_labels_of_each_class_are_not_mixed() -> None:
    records = [measured(60.0, {"fraction": 1}), measured(50.0, {"per_class": 10})]
    assert label_curves(records) == []
    more = [*records, measured(40.0, {"fraction": 0.1}), measured(30.0, {"per_class": 1})]
    assert [(curve.panel.unit, curve.labels) for curve in label_curves(more)] == [
        ("fraction", [0.1, 1]),
        ("per_class", [1, 10]),
    ]


def test_votes_and_figures_beside_the_own_metric_are_left_out() -> None:
    records = [measured(60.0, {"fraction": 1}), measured(40.0, {"fraction": 0.1})]
    voted = [replace(r, value=99.0, details={**r.details, "votes": 5}) for r in records]
    voted += [replace(r, value=99.0, details={**r.details, "on": "validation"}) for r in records]
    others = [replace(r, metric="accuracy", details={"labels": r.details["labels"]}) for r in records]
    (curve,) = label_curves([*records, *voted, *others])
    assert curve.values == [[40.0], [60.0]]


def test_methods_of_pre_training_have_curves_of_their_own() -> None:
    records = [measured(60.0, {"fraction": 1}), measured(40.0, {"fraction": 0.1})]
    others = [replace(r, method="SimSiam", value=r.value - 1) for r in records]
    assert [curve.start for curve in label_curves([*records, *others])] == [
        "ConClu on ModelNet40",
        "SimSiam on ModelNet40",
    ]


def test_what_was_measured_again_counts_once_and_other_protocols_are_refused() -> None:
    records = [measured(60.0, {"fraction": 1}), measured(40.0, {"fraction": 0.1})]
    (curve,) = label_curves([*records, replace(records[0], value=61.0)])
    assert curve.values == [[40.0], [61.0]]
    with pytest.raises(ConcluError, match=r"has two protocols \(; 64 points of each\) with the same labels \(1\)"):
        label_curves([*records, replace(records[0], protocol="64 points of each")])


def test_two_settings_with_the_same_labels_are_refused() -> None:
    two = [measured(60.0, {"fraction": 1}), measured(40.0, {"fraction": 1}, seed=1, setting="other")]
    assert label_curves(two) == []  # there is no curve to put them into
    records = [*two, measured(30.0, {"fraction": 0.1})]
    with pytest.raises(ConcluError, match=r"PointNet on PSB from ModelNet40 has two settings .*same labels \(1\)"):
        label_curves(records)
