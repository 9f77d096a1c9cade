from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.image import imread
from reports.label_curves import RANDOM, LabelCurve, plot_label_curves
from reports.label_curves import label_curves as curves_of_table
from reports.table import make_table

from conclu_pyg.errors import ConcluError
from conclu_pyg.runs.provenance import CloudSet, EncoderOrigin
from conclu_pyg.runs.records import Record

Measured = Callable[..., Record]


def label_curves(records: list[Record]) -> list[LabelCurve]:
    return curves_of_table(make_table(records))


@pytest.fixture
def measured(make_record: Callable[..., Record]) -> Measured:
    """Returns the record of a fine-tuned model; each number of labels has its own fingerprint."""

    def make(
        value: float, seed: int = 0, start: str = "ModelNet40", protocol: dict[str, Any] | None = None, **labels: Any
    ) -> Record:
        random = start == "random"
        return make_record(
            task="part_segmentation",
            dataset="PSB",
            metric="instance mIoU",
            value=value,
            seed=seed,
            method="" if random else "ConClu",
            initialisation=start,
            pretraining=None if random else EncoderOrigin("a.pt", start, "ConClu", 1, "train", 1.0, "abc"),
            fingerprint=f"{start} {labels}",
            details={"per_class": {}},
            protocol={
                "model": "PartSegmenter",
                "classifier": None,
                "train": CloudSet("train", 9, 228, **labels),
                **(protocol or {}),
            },
        )

    return make


def test_seeds_are_put_together_by_start_and_number_of_labels(measured: Measured) -> None:
    records = [
        measured(60.0, seed=1),
        measured(40.0, seed=1, fraction=0.1),
        measured(42.0, seed=0, fraction=0.1),
        measured(30.0, start="random", fraction=0.1),
        measured(55.0, start="random"),
    ]
    pretrained, random = label_curves(records)
    assert pretrained.panel == random.panel == ("PSB", "part_segmentation", "instance mIoU", "fraction", "PointNet")
    assert pretrained[1:] == ("ConClu on ModelNet40", [0.1, 1], [[42.0, 40.0], [60.0]])
    assert random[1:] == ("random weights", [0.1, 1], [[30.0], [55.0]])


def test_one_number_of_labels_is_no_curve(measured: Measured) -> None:
    assert label_curves([measured(60.0), measured(61.0, seed=1)]) == []


def test_fractions_and_labels_per_class_are_not_mixed(measured: Measured) -> None:
    records = [measured(60.0), measured(50.0, per_class=10)]
    assert label_curves(records) == []
    more = [*records, measured(40.0, fraction=0.1), measured(30.0, per_class=1)]
    assert [(curve.panel[3], curve.labels) for curve in label_curves(more)] == [
        ("fraction", [0.1, 1]),
        ("per_class", [1, 10]),
    ]


def test_votes_the_validation_part_and_other_metrics_are_left_out(measured: Measured) -> None:
    records = [measured(60.0), measured(40.0, fraction=0.1)]
    others = [measured(99.0, fraction=share, protocol={"votes": 5}) for share in (0.1, 1.0)]
    for share in (0.1, 1.0):
        others.append(measured(99.0, fraction=share, protocol={"test": CloudSet("train", 9, 9, held_out=0.2)}))
        others.append(replace(measured(99.0, fraction=share), metric="accuracy", details={}))
    (curve,) = label_curves([*records, *others])
    assert curve.values == [[40.0], [60.0]]


def test_methods_of_pre_training_have_curves_of_their_own(measured: Measured) -> None:
    records = [measured(60.0), measured(40.0, fraction=0.1)]
    others = [replace(r, method="SimSiam", value=r.value - 1) for r in records]
    assert [curve.start for curve in label_curves([*records, *others])] == [
        "ConClu on ModelNet40",
        "SimSiam on ModelNet40",
    ]


def test_a_repeated_measurement_counts_once_and_other_protocols_are_refused(measured: Measured) -> None:
    records = [measured(60.0), measured(40.0, fraction=0.1)]
    (curve,) = label_curves([*records, replace(records[0], value=61.0)])
    assert curve.values == [[40.0], [61.0]]
    with pytest.raises(ConcluError, match=r"expected one protocol for the same labels \(1\)"):
        label_curves([*records, measured(60.0, protocol={"num_points": 64})])


def test_two_fingerprints_with_the_same_labels_are_refused(measured: Measured) -> None:
    two = [measured(60.0), replace(measured(40.0, seed=1), fingerprint="other")]
    assert label_curves(two) == []  # there is no curve to put them into
    with pytest.raises(ConcluError, match=r"PointNet on PSB from ConClu on ModelNet40: expected one fingerprint"):
        label_curves([*two, measured(30.0, fraction=0.1)])


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[Figure]:
    figures: list[Figure] = []
    save = Figure.savefig
    monkeypatch.setattr(Figure, "savefig", lambda self, *a, **k: (figures.append(self), save(self, *a, **k))[1])
    return figures


def test_each_start_has_its_means_the_spread_of_its_seeds_and_each_of_them(tmp_path: Path, drawn: list[Figure]) -> None:
    panel = ("PSB", "part_segmentation", "instance mIoU", "fraction", "PointNet")
    other = ("ModelNet40", "classification", "accuracy", "per_class", "DGCNN")
    curves = [
        LabelCurve(panel, "ConClu on ModelNet40", [0.1, 1.0], [[40.0, 44.0], [50.0]]),
        LabelCurve(panel, RANDOM, [0.1, 1.0], [[30.0], [49.0]]),
        LabelCurve(panel, "SimSiam on ModelNet40", [0.1, 1.0], [[31.0], [45.0]]),
        LabelCurve(other, RANDOM, [5, 10], [[30.0], [49.0]]),
    ]
    plot_label_curves(curves, tmp_path / "labels.png")
    assert imread(tmp_path / "labels.png").std() > 0
    first, second = drawn[0].axes
    assert [first.get_title(), second.get_title()] == ["PSB, PointNet", "ModelNet40, DGCNN"]
    assert first.get_ylabel() == "instance mIoU, percent"
    assert [label.get_text() for label in first.get_xticklabels()] == ["10", "100"]
    assert [label.get_text() for label in second.get_xticklabels()] == ["5", "10"]
    trained, random, other_method = first.containers
    assert (trained.get_label(), random.get_label()) == ("pre-trained: ConClu on ModelNet40", "random weights")
    assert len({tuple(to_rgb(each.lines[0].get_color())) for each in (trained, random, other_method)}) == 3
    assert np.array_equal(trained.lines[0].get_xydata(), [[0.1, 42], [1, 50]])
    low, high = trained.lines[1]
    assert np.allclose([low.get_ydata()[0], high.get_ydata()[0]], 42 + np.std([40, 44], ddof=1) * np.array([-1, 1]))
    dots = [tuple(map(tuple, line.get_xydata())) for line in first.lines if line.get_marker() == "."]
    assert ((0.1, 40.0), (0.1, 44.0)) in dots and ((0.1, 30.0),) in dots
