"""The probes by the names that the command line has for them."""

from __future__ import annotations

from conclu_pyg.evaluation.few_shot_probe import FEW_SHOT
from conclu_pyg.evaluation.knn_probe import KNN
from conclu_pyg.evaluation.linear_probe import LINEAR
from conclu_pyg.evaluation.probe import Probe
from conclu_pyg.evaluation.svm_probe import SVM

PROBES: dict[str, Probe] = {"svm": SVM, "linear": LINEAR, "knn": KNN, "few-shot": FEW_SHOT}
