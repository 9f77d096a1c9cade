"""Metrics, one module per task."""

from conclu_pyg.metrics.classification import classification_scores
from conclu_pyg.metrics.parts import part_iou, part_scores
from conclu_pyg.metrics.scores import Scores

__all__ = ["Scores", "classification_scores", "part_iou", "part_scores"]
