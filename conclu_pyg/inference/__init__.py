"""Predictions for unlabelled point clouds.

.. code-block:: python

    from conclu_pyg.inference import predict

    predictions = predict("runs/segmenter", ["data/scans"], category="chair")
    summaries = {prediction.source: prediction.summary for prediction in predictions}
"""

from __future__ import annotations

from conclu_pyg.lazy_names import lazy_names

# Imported on first use: the command line checks its inputs before it imports torch.
_EXPORTS = {
    "predict": "predict_clouds",
    "Prediction": "prediction",
    "PredictionWriter": "output_folder",
    "Report": "prediction",
}

__all__ = list(_EXPORTS)
__getattr__ = lazy_names(__name__, _EXPORTS)
