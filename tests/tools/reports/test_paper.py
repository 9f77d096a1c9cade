"""The paper's figures are shown only for its own measurements."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from reports.paper import reported_value

from conclu_pyg.runs.provenance import CloudSet, EncoderOrigin, EncoderTreatment, Mismatches
from conclu_pyg.runs.records import Record

Make = Callable[..., Record]
ORIGIN = EncoderOrigin("a.pt", "ModelNet40", "ConClu", 1, "train", 1.0, "abc", losses=("contrast", "cluster"))
TASK = {"model": "PartSegmenter", "classifier": None, "encoder": EncoderTreatment()}


@pytest.fixture
def parts(make_record: Make) -> Make:
    def make(protocol: dict[str, Any] | None = None, **fields: Any) -> Record:
        given: dict[str, Any] = {
            "task": "part_segmentation",
            "dataset": "ShapeNetPart",
            "encoder": "DGCNN",
            "metric": "instance mIoU",
            "pretraining": ORIGIN,
            "losses": (),
        }
        return make_record(protocol={**TASK, **(protocol or {})}, **{**given, **fields})

    return make


@pytest.mark.parametrize(
    ("fields", "value"),
    [
        ({}, 89.8),
        ({"losses": ("cluster", "orthogonality")}, 85.3),
        ({"dataset": "ModelNet10", "encoder": "DGCNN"}, 95.0),
    ],
)
def test_linear_svms(make_record: Make, fields: dict[str, Any], value: float) -> None:
    assert reported_value(make_record(**fields)) == value


@pytest.mark.parametrize(
    ("fields", "value"),
    [
        ({}, 85.4),
        ({"encoder": "PointNet", "metric": "accuracy"}, 93.6),
        ({"pretraining": None, "initialisation": "random", "method": ""}, 84.4),
    ],
)
def test_part_segmentation(parts: Make, fields: dict[str, Any], value: float) -> None:
    assert reported_value(parts(**fields)) == value


@pytest.mark.parametrize(
    "fields",
    [
        {"initialisation": "ModelNet10"},
        {"random": True},
        {"metric": "mean accuracy under corruptions"},
        {"task": "knn"},
        {"method": "SimSiam"},
        {"pretraining": ORIGIN},  # ModelNet40 twice
        {"protocol": {"test": CloudSet("train", 9, 9, held_out=0.2)}},
        {"protocol": {"train": CloudSet("train", 9, 9, per_class=10)}},
        {"protocol": {"corruptions": {"jitter": (0.1,)}}},
    ],
)
def test_other_encoders_have_no_figure(make_record: Make, fields: dict[str, Any]) -> None:
    assert reported_value(make_record(**fields)) is None


@pytest.mark.parametrize(
    "fields",
    [
        {"dataset": "PSB"},
        {"metric": "category mIoU"},
        {"pretraining": replace(ORIGIN, dataset="Scans", before=ORIGIN)},
        {"pretraining": replace(ORIGIN, losses=("contrast",))},
        {"pretraining": replace(ORIGIN, losses=())},
        {"pretraining": replace(ORIGIN, mismatches=Mismatches(94, missing=64))},
        {"method": "Classifier"},
        {"encoder": "MyEncoder"},
        {"protocol": {"train": CloudSet("train", 9, 9, fraction=0.01)}},
        {"protocol": {"votes": 5}},
        {"protocol": {"encoder": EncoderTreatment(frozen=True)}},
    ],
)
def test_other_models_have_no_figure(parts: Make, fields: dict[str, Any]) -> None:
    assert reported_value(parts(**fields)) is None
