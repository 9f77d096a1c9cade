"""Evaluation of frozen encoders by probes, and of supervised models at their own task."""

from conclu_pyg.evaluation.evaluate import evaluate_run

__all__ = ["evaluate_run"]
