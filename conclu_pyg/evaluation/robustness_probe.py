"""How a linear SVM that learnt clean clouds fares on changed ones."""

from __future__ import annotations

import time

from conclu_pyg.data.base import PointCloudSplit
from conclu_pyg.evaluation.changes import under_changes
from conclu_pyg.evaluation.cross_validation import FOLDS, check_labels, cost_notes
from conclu_pyg.evaluation.linear_svm import GRID, LinearSVM
from conclu_pyg.evaluation.probe import Probe, ProbeSplits, make_record
from conclu_pyg.runs.embedding import embed
from conclu_pyg.runs.loaded_run import LoadedRun
from conclu_pyg.runs.records import Record


def robustness_probe(run: LoadedRun, splits: ProbeSplits) -> list[Record]:
    """One record: the mean accuracy over all changes and strengths, with the clean accuracy and each of them in its
    details (:class:`~conclu_pyg.evaluation.changes.Robustness`).

    Raises:
        ConcluError: features that are not finite, or too few training clouds for the folds of the cross-validation.
    """
    began = time.perf_counter()
    train, held_out = splits.train, splits.held_out
    check_labels(train.y, "a linear SVM")  # before the features, which take longer
    machine = LinearSVM(run.embed(train), run.seed)
    clean = machine.accuracy(run.embed(held_out))

    def accuracy(changed: PointCloudSplit) -> float:
        return machine.accuracy(embed(run.method.encoder, changed, run.device))

    found = under_changes(run, held_out, "accuracy", clean, accuracy)
    num_points = train.pos.shape[1]
    record = make_record(
        run,
        task="svm",
        metric="mean accuracy under changes",
        value=found.mean,
        protocol=(
            f"linear SVM on the pooled features of the frozen encoder, {num_points:,} points of each cloud; trained on "
            f"{splits.train_in_words}, clean, C by {FOLDS}-fold cross-validation there; measured on "
            f"{splits.held_out_in_words}, {found.protocol}"
        ),
        seconds=time.perf_counter() - began,
        details={
            **splits.details,
            "num_points": num_points,
            "c": machine.c,
            "cross_validation": round(machine.cross_validation, 2),
            "notes": cost_notes(machine.c, GRID),
            **found.details,
        },
    )
    return [record]


ROBUSTNESS = Probe("linear SVM", robustness_probe)
