"""Robustness: a linear SVM trained on clean clouds, measured on corrupted ones."""

from __future__ import annotations

from conclu_pyg.data.base import PointCloudSplit
from conclu_pyg.evaluation.corruptions import measure_corruptions
from conclu_pyg.evaluation.cross_validation import accuracy_of, check_labels
from conclu_pyg.evaluation.probe import Probe, ProbeSplits, Result
from conclu_pyg.evaluation.probes.linear import LinearSVM, cross_validation_details, describe
from conclu_pyg.registry import PROBES
from conclu_pyg.runs.embedding import embed_split
from conclu_pyg.runs.loaded_run import LoadedRun


@PROBES.register_module("robustness")
class RobustnessProbe(Probe):
    """Mean accuracy over all corruptions and severities."""

    title = "linear SVM on corrupted clouds"

    def check(self, splits: ProbeSplits) -> None:
        check_labels(splits.train.y, LinearSVM.name)

    def measure(self, run: LoadedRun, splits: ProbeSplits) -> list[Result]:
        svm = LinearSVM(run.embed(splits.train), run.seed)
        classes = len(splits.train.classes)
        clean = run.embed(splits.test)

        def accuracy(corrupted: PointCloudSplit) -> float:
            features = embed_split(run.method.encoder, corrupted, run.device)
            return accuracy_of(svm.predict(features.x), features.y, classes).total

        result = measure_corruptions(
            run, splits.test, "accuracy", accuracy_of(svm.predict(clean.x), clean.y, classes).total, accuracy
        )
        details = {**cross_validation_details(svm), **result.details}
        return [Result(result.metric, result.value, details, {**result.protocol, "classifier": describe(svm)})]
