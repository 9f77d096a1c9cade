"""The linear SVM as a probe: the paper's measure of an encoder (section 3.3)."""

from __future__ import annotations

import math
import time

from conclu_pyg.engine.records import Record
from conclu_pyg.evaluation.features import embed
from conclu_pyg.evaluation.linear_svm import FOLDS, GRID, check_labels, linear_svm
from conclu_pyg.evaluation.loaded_run import LoadedRun
from conclu_pyg.evaluation.probe import Probe, ProbeSplits, make_record


def svm_probe(run: LoadedRun, splits: ProbeSplits) -> list[Record]:
    """One record: the accuracy of a linear SVM on the pooled features of the frozen encoder.

    Raises:
        ConcluError: features that are not finite, or too few training clouds for the folds of the cross-validation.
    """
    began = time.perf_counter()
    train, held_out = splits.train, splits.held_out
    check_labels(train.y)  # before the features, which take longer
    seen, unseen = (embed(run.method.encoder, split, run.device) for split in (train, held_out))
    result = linear_svm(seen, unseen, len(train.classes), run.seed)
    num_points = train.pos.shape[1]
    per_class = zip(train.classes, result.per_class, strict=True)
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
            "notes": _notes(result.c),
            "per_class": {name: None if math.isnan(value) else round(value, 1) for name, value in per_class},
        },
    )
    return [record]


def _notes(c: float) -> list[str]:
    """What a cost at an end of the grid means: nobody looked beyond."""
    if c not in (min(GRID), max(GRID)):
        return []
    end = "smallest" if c == min(GRID) else "largest"
    return [f"C = {c:g} is the {end} of the costs tried, {min(GRID):g} to {max(GRID):g}; one beyond may do better."]


SVM = Probe("linear SVM", svm_probe)
