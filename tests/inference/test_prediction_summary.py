"""The summary of predictions."""

import numpy as np

from conclu_pyg.inference.prediction import Prediction, Report
from conclu_pyg.inference.prediction_summary import PredictionSummary
from conclu_pyg.io.clouds import Cloud


def prediction(
    category: str, confidence: float, novelty: float | None = None, truth: str | None = None, name: str = "x"
) -> Prediction:
    cloud, confidences = Cloud(name, np.zeros((1, 3))), {category: confidence, "other": 1 - confidence}
    return Prediction(cloud, f"{name}.npy", np.zeros(1, int), category, {}, confidences, novelty, true_class=truth)


def test_classes_are_summed_up_in_a_few_lines() -> None:
    summary, report = PredictionSummary(), Report()
    for index in range(10):
        truth = None if index == 9 else "lamp"
        category = "lamp" if index < 6 else "mug"
        summary.add(prediction(category, 0.95 - index / 20, index / 5, truth, f"c{index}"))
    report.add("bad.npy", "it is empty.")
    assert list(summary.lines(report)) == [
        "10 clouds: lamp 6, mug 4",
        "mean confidence 72%; least certain: c9.npy (mug 50%), c8.npy (mug 55%), c7.npy (mug 60%), c6.npy (mug "
        "65%), c5.npy (lamp 70%)",
        "4 of 10 clouds unlike the training data: c9.npy (mug, 1.80), c8.npy (mug, 1.60), c7.npy (mug, 1.40), c6.npy "
        "(mug, 1.20)",
        "6 of 9 clouds correct (66.7 %); 1 other cloud in folders of no known class",
        "1 file without predictions, with the reasons in the table",
    ]
    values = summary.as_dict(report)
    assert (values["clouds"], values["unlike"], values["clouds_with_truth"], values["refused_files"]) == (10, 4, 9, 1)
    assert values["classes"] == {"lamp": 6, "mug": 4} and abs(values["accuracy"] - 6 / 9) < 1e-9


def test_many_classes_and_clouds_are_listed_in_part() -> None:
    summary = PredictionSummary()
    for index in range(60):
        summary.add(prediction(f"k{index % 20}", 0.9, 2.0))
    count, _, unlike = summary.lines(Report())
    assert count.endswith("and 8 other classes") and count.count(",") == 11
    assert unlike.startswith("60 of 60 clouds") and unlike.endswith("…") and unlike.count("(") == 5


def test_parts_are_summed_up_by_their_points() -> None:
    summary = PredictionSummary(of_points=True)
    parts = np.array([0, 0, 1, 1])
    for labels in ([0, 0, 1, 1], [0, 0, 0, 0]):
        cloud = Cloud("x", np.zeros((4, 3)))
        summary.add(Prediction(cloud, "x.npy", np.array(labels), "chair", {"leg": 1.0}, true_parts=parts))
    assert list(summary.lines(Report())) == ["2 clouds: chair 2", "75.0 % of the points correct, mean over 2 clouds"]
    assert list(PredictionSummary().lines(Report())) == []


def test_a_file_with_one_bad_cloud_has_predictions() -> None:
    summary, report = PredictionSummary(), Report()
    summary.add(prediction("lamp", 0.9))
    report.add("x.npy", "its second cloud is empty.")
    *_, last = summary.lines(report)
    assert last == "1 file with some clouds without predictions, with the reasons in the table"
    assert summary.as_dict(report)["refused_files"] == 0
