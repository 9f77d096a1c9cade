"""The device that a config names."""

from __future__ import annotations

import torch

from conclu_pyg.errors import ConfigError


def choose_device(name: str) -> torch.device:
    """The device called ``cpu``, ``cuda`` or ``mps``, or for ``auto`` the best that there is.

    Raises:
        ConfigError: PyTorch finds no such device here.
    """
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "mps" if torch.mps.is_available() else "cpu")
    if name != "cpu" and not getattr(torch, name).is_available():
        raise ConfigError(
            f"pipeline.device={name} cannot be used here: PyTorch {torch.__version__} finds no such device; give "
            "pipeline.device=auto to take the best that there is."
        )
    return torch.device(name)
