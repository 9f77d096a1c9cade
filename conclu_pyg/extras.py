"""Optional packages, and the extras of conclu_pyg that install them."""

from __future__ import annotations

import importlib.util

EXTRAS = {
    "cascadio": "formats",
    "huggingface_hub": "hub",
    "pye57": "formats",
    "matplotlib": "vis",
    "mlflow": "tracking",
    "numba": "fast",
    "onnx": "onnx",
    "onnxruntime": "onnx",
    "onnxscript": "onnx",
    "plotly": "vis",
    "sklearn": "eval",
    "tensorboard": "train",
    "trackio": "tracking",
}
DISTRIBUTIONS = {"sklearn": "scikit-learn"}  # names on PyPI where they differ from the import


def is_installed(package: str) -> bool:
    return importlib.util.find_spec(package) is not None


def missing_extra(package: str, extra: str | None = None) -> str:
    """Returns the sentence about a missing optional package.

    Args:
        package: the name by which it is imported.
        extra: the extra to name (default: the smallest that installs the package).
    """
    extra = extra or EXTRAS[package]
    return (
        f"{DISTRIBUTIONS.get(package, package)} is not installed; run `pip install 'conclu_pyg[{extra}]'` (in a clone, "
        f"`pip install -e '.[{extra}]'`)"
    )
