"""The paper's figures (arXiv:2202.02543), in percent, beside which results are shown."""

from __future__ import annotations

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


def papers_figure(
    task: str, metric: str, dataset: str, encoder: str, terms: str, initialisation: str, method: str
) -> float | None:
    """What the paper reports of the same encoder, pre-trained on the same data by the same terms, on the same data;
    ``None`` where it reports nothing.

    Args:
        task, metric, dataset, encoder, initialisation, method: as a record has them.
        terms: of the loss, such as ``contrast + cluster``, where the encoder itself is measured.
    """
    if (task, metric) == ("svm", "accuracy") and initialisation == PRE_TRAINED_ON:
        return LINEAR_SVM.get((dataset, encoder, terms))
    ours = initialisation == "random" or method == "ConClu"
    if task == "part_segmentation" and dataset == "ShapeNetPart" and ours:
        return PARTS.get((encoder, initialisation), {}).get(metric)
    return None
