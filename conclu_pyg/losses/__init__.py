"""The terms of the pre-training losses: one per file."""

from conclu_pyg.losses.chamfer import chamfer_distance
from conclu_pyg.losses.code_prediction import code_prediction_loss
from conclu_pyg.losses.contrast import contrast_loss, cosine_distance
from conclu_pyg.losses.emd import earth_movers_distance
from conclu_pyg.losses.orthogonality import orthogonality_loss

__all__ = [
    "chamfer_distance",
    "code_prediction_loss",
    "contrast_loss",
    "cosine_distance",
    "earth_movers_distance",
    "orthogonality_loss",
]
