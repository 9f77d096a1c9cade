"""Properties of the machine that the figures depend on."""

import os
import platform
from importlib import metadata
from typing import Any

import torch

LIBRARIES = ("numpy", "scipy", "torch-geometric", "torch-cluster", "conclu_pyg")


def machine_facts(device: torch.device) -> dict[str, Any]:
    """Return processor, cores, threads and versions, for the JSON file and the caption of the tables."""
    facts = {
        "device": torch.cuda.get_device_name(device) if device.type == "cuda" else "CPU",
        "cpu": torch.cpu.get_capabilities().get("cpu_name") or platform.machine(),
        "cores": os.cpu_count(),
        "threads": torch.get_num_threads(),
        "bf16": has_native_bf16(device),
        "torch": torch.__version__,
        **{name: installed_version(name) for name in LIBRARIES},
        "python": platform.python_version(),
        "system": platform.system(),
    }
    return facts if device.type == "cpu" else {**facts, "cuda": torch.version.cuda}


def installed_version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def has_native_bf16(device: torch.device) -> bool:
    """Return whether the device has bfloat16 multiplication, without which bf16 is slower than float32."""
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    return any(present for name, present in torch.cpu.get_capabilities().items() if "bf16" in name)
