"""The paper's figures (arXiv:2202.02543), in percent, beside which results are shown."""

from __future__ import annotations

from collections.abc import Sequence

from conclu_pyg.runs.records import Record

PRE_TRAINED_ON = "ModelNet40"

# Tables 1 and 3, by data set, encoder and loss terms. Table 3's second rows bear both ticks in print; that they are the
# clustering module alone follows from the differences in section 3.4.
LINEAR_SVM = {
    ("ModelNet40", "PointNet", "contrast + cluster"): 89.8,
    ("ModelNet10", "PointNet", "contrast + cluster"): 93.3,
    ("ModelNet40", "DGCNN", "contrast + cluster"): 91.6,
    ("ModelNet10", "DGCNN", "contrast + cluster"): 95.0,
    ("ModelNet40", "PointNet", "contrast"): 88.7,
    ("ModelNet10", "PointNet", "contrast"): 92.4,
    ("ModelNet40", "PointNet", "cluster"): 85.3,
    ("ModelNet10", "PointNet", "cluster"): 92.1,
    ("ModelNet40", "DGCNN", "contrast"): 91.2,
    ("ModelNet10", "DGCNN", "contrast"): 93.8,
    ("ModelNet40", "DGCNN", "cluster"): 90.3,
    ("ModelNet10", "DGCNN", "cluster"): 93.5,
}

# Table 2, on ShapeNetPart, by encoder and where its weights came from. "mIoU" is taken as PointNet's, which section 3.3
# refers to: the mean over shapes.
PARTS = {
    ("PointNet", "random"): {"accuracy": 92.8, "instance mIoU": 82.2},
    ("PointNet", PRE_TRAINED_ON): {"accuracy": 93.6, "instance mIoU": 83.7},
    ("DGCNN", "random"): {"accuracy": 92.2, "instance mIoU": 84.4},
    ("DGCNN", PRE_TRAINED_ON): {"accuracy": 94.7, "instance mIoU": 85.4},
}


def papers_figure(record: Record) -> float | None:
    """What the paper reports of the same: the encoder pre-trained on its data by the same terms, all labels, its test
    split, and, of a fine-tuned model, all weights trained and no votes; ``None`` where it reports nothing."""
    details = record.details
    if details.get("on", "test") != "test" or details.get("labels", {}) not in ({}, {"fraction": 1}):
        return None
    random, papers_own = record.initialisation == "random", record.method == "ConClu"
    if (record.task, record.metric) == ("svm", "accuracy") and record.initialisation == PRE_TRAINED_ON and papers_own:
        return LINEAR_SVM.get((record.dataset, record.encoder, terms_in_words(record)))
    whole = details.get("votes", 1) == 1 and not details.get("frozen")
    before = details.get("pretraining", {})
    papers_own &= _in_words(before.get("terms", [])) == "contrast + cluster" and not before.get("departures")
    if record.task == "part_segmentation" and record.dataset == "ShapeNetPart" and whole and (random or papers_own):
        return PARTS.get((record.encoder, record.initialisation), {}).get(record.metric)
    return None


def terms_in_words(record: Record) -> str:
    """The loss terms by which the measured encoder was trained, such as ``contrast + cluster``; none of them is the
    paper's that has no figure of its own."""
    return _in_words(record.details.get("terms", [])) if record.initialisation != "random" else ""


def _in_words(terms: Sequence[str]) -> str:
    return " + ".join(term for term in terms if term != "orthogonality")
