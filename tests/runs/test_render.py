"""One test for each kind of sentence; records and checkpoints are compared by their fields elsewhere."""

from collections.abc import Callable
from typing import Any

import pytest

from conclu_pyg.runs.protocol import Classifier, Episodes, Weights
from conclu_pyg.runs.provenance import CloudSet, EncoderTreatment, Mismatches
from conclu_pyg.runs.records import Record
from conclu_pyg.runs.render import render_clouds, render_protocol, render_start, render_weights

MakeRecord = Callable[..., Record]


@pytest.mark.parametrize(
    ("weights", "sentence"),
    [
        (Weights("random"), "random weights"),
        (Weights("last", 23), "weights after epoch 23"),
        (Weights("last", 23, 40, 1), "weights after epoch 23 of 40 and 1 batch of an interrupted epoch"),
        (
            Weights("best", selected_on=CloudSet("train", 20, 48, held_out=0.5)),
            "weights of the best epoch on 20 of 48 clouds (train split, 50% held out)",
        ),
    ],
)
def test_weights(weights: Weights, sentence: str) -> None:
    assert render_weights(weights) == sentence


@pytest.mark.parametrize(
    ("clouds", "sentence"),
    [
        (CloudSet("test", 2468, 2468), "2,468 clouds (test split)"),
        (CloudSet("train", 200, 2048, per_class=10), "200 of 2,048 clouds (train split, 10 per class)"),
        (CloudSet("train", 98, 9843, fraction=0.01), "98 of 9,843 clouds (train split, 1 % of the labels)"),
    ],
)
def test_clouds(clouds: CloudSet, sentence: str) -> None:
    assert render_clouds(clouds) == sentence


MISMATCHES = Mismatches(94, missing=64, unexpected=1, arguments={"k": (4, 5)})


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        (
            {},
            "weights after epoch 12 of 12; linear SVM on the pooled features of the frozen encoder, 1,024 points per "
            "clean cloud; trained on 9,843 clouds (train split), C selected there by 3-fold cross-validation; measured "
            "on 2,468 clouds (test split)",
        ),
        (
            {"classifier": Classifier("vote of the k nearest", selected="k", selected_by="leave-one-out")},
            "weights after epoch 12 of 12; vote of the k nearest on the pooled features of the frozen encoder, 1,024 "
            "points per clean cloud; neighbors among 9,843 clouds (train split), k selected there by leave-one-out; "
            "measured on 2,468 clouds (test split)",
        ),
        (
            {"classifier": Classifier("linear SVM", True, C=1.0), "episodes": Episodes(5, 10, 20, 10)},
            "weights after epoch 12 of 12; 5-way 10-shot, linear SVM with C = 1 on the standardised pooled features of "
            "the frozen encoder, 1,024 points per clean cloud; trained on 10 clouds of each of 5 random classes (train "
            "split); measured on 20 clouds of each (test split); mean of 10 draws by the run's seed",
        ),
        (
            {"classifier": None, "corruptions": {"jitter": (0.1, 0.2)}, "extra": {"threshold": 0.01}},
            "weights after epoch 12 of 12; frozen encoder, 1,024 points per cloud; trained on 9,843 clouds (train "
            "split); measured on 2,468 clouds (test split), 1 corruptions at 2 severities in total, normalised again; "
            "threshold: 0.01",
        ),
        (
            {
                "model": "PartSegmenter",
                "encoder": EncoderTreatment(lr=1e-4, head_lr=1e-3, mismatches=MISMATCHES),
                "up_axis_change": ("y", "z"),
                "category_known": True,
                "votes": 3,
            },
            "weights after epoch 12 of 12; PartSegmenter trained on 9,843 clouds (train split), encoder learning rate "
            "0.0001, head 0.001, encoder differs from the pre-trained one (64 of 94 tensors random; 1 tensors of the "
            "run not used; k 4 in the run, 5 here), clouds rotated from y up to z up; measured on 2,468 clouds (test "
            "split), 1,024 points per cloud, category known, 3 votes over anisotropically scaled copies",
        ),
    ],
)
def test_protocols(fields: dict[str, Any], sentence: str, make_record: MakeRecord) -> None:
    assert render_protocol(make_record(protocol=fields).protocol) == sentence


def test_starts(make_record: MakeRecord) -> None:
    assert render_start(make_record()) == "pre-trained on ModelNet40"
    assert render_start(make_record(random=True)) == "random weights"
