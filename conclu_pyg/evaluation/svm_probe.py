"""The linear SVM as a probe: the paper's measure of an encoder (section 3.3)."""

from __future__ import annotations

import time

from conclu_pyg.engine.records import Record
from conclu_pyg.evaluation.cross_validation import FOLDS, check_labels, cost_notes, rounded
from conclu_pyg.evaluation.linear_svm import GRID, linear_svm
from conclu_pyg.evaluation.loaded_run import LoadedRun
from conclu_pyg.evaluation.probe import Probe, ProbeSplits, make_record


def svm_probe(run: LoadedRun, splits: ProbeSplits) -> list[Record]:
    """One record: the accuracy of a linear SVM on the pooled features of the frozen encoder.

    Raises:
        ConcluError: features that are not finite, or too few training clouds for the folds of the cross-validation.
    """
    began = time.perf_counter()
    train, held_out = splits.train, splits.held_out
    check_labels(train.y, "a linear SVM")  # before the features, which take longer
    result = linear_svm(run.embed(train), run.embed(held_out), len(train.classes), run.seed)
    num_points = train.pos.shape[1]
    record = make_record(
        run,
        task="svm",
        metric="accuracy",
        value=result.accuracy,
        protocol=(
            f"linear SVM on the pooled features of the frozen encoder, {num_points:,} points of each clean cloud; "
            f"trained on {splits.train_in_words}, C by {FOLDS}-fold cross-validation there; "
            f"measured on {splits.held_out_in_words}"
        ),
        seconds=time.perf_counter() - began,
        details={
            "num_points": num_points,
            "c": result.c,
            "cross_validation": round(result.cross_validation, 2),
            "notes": cost_notes(result.c, GRID),
            "per_class": rounded(train.classes, result.per_class),
        },
    )
    return [record]


SVM = Probe("linear SVM", svm_probe)
