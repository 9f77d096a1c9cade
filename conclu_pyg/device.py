"""The device of a config."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conclu_pyg.errors import ConfigError

if TYPE_CHECKING:
    import torch

DEVICES = ("auto", "cpu", "cuda", "mps")


def choose_device(name: str) -> torch.device:
    """Returns the device ``cpu``, ``cuda`` or ``mps``, or for ``auto`` the best one available.

    Raises:
        ConfigError: PyTorch finds no such device.
    """
    if name not in DEVICES:
        raise ConfigError(
            f"pipeline.device must be one of {', '.join(DEVICES)}, got {name!r:.50}.", argument="device", got=name
        )
    import torch

    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "mps" if torch.mps.is_available() else "cpu")
    if name != "cpu" and not getattr(torch, name).is_available():
        raise ConfigError(
            f"pipeline.device={name} cannot be used here: PyTorch {torch.__version__} finds no such device; give "
            "pipeline.device=auto to use the best one available.",
            argument="device",
            got=name,
        )
    return torch.device(name)
