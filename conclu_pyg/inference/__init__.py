"""Predictions for unlabelled point clouds.

.. code-block:: python

    from conclu_pyg.inference import predict

    for prediction in predict("runs/segmenter", ["data/scans"], category="chair"):
        print(prediction.source, prediction.summary)
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

# Imported on first use: the command line checks its inputs before it imports torch.
_EXPORTS = {
    "predict": "predict_clouds",
    "Prediction": "prediction",
    "PredictionWriter": "output_folder",
    "Report": "prediction",
}

__all__ = list(_EXPORTS)


def __getattr__(name: str) -> Any:
    if name not in _EXPORTS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_EXPORTS[name]}"), name)
