"""The facts about a machine that measured figures depend on, and the best that its matrix products do."""

from __future__ import annotations

import platform
from importlib import metadata
from pathlib import Path
from typing import Any

import torch

from conclu_pyg import __version__
from conclu_pyg.benchmarks.measure import alternate
from conclu_pyg.errors import ConfigError

# Names of instructions that multiply bfloat16: AVX-512 and AMX of x86, NEON and SVE of ARM.
BF16_INSTRUCTIONS = ("avx512_bf16", "amx_bf16", "bf16", "sve_bf16")

# What else does part of the work, or is the reference.
LIBRARIES = ("numpy", "scipy", "torch-geometric", "torch-cluster")


def benchmark_device(name: str) -> torch.device:
    """The device called ``cpu`` or ``cuda``.

    Raises:
        ConfigError: PyTorch finds no such device here.
    """
    if name == "cuda" and not torch.cuda.is_available():
        raise ConfigError(
            f"--device cuda cannot be used here: PyTorch {torch.__version__} finds no such device; give --device cpu."
        )
    return torch.device(name)


def machine_facts(device: torch.device) -> dict[str, Any]:
    """Processor, cores, threads and versions, for the JSON file and the table's caption."""
    facts = {
        "device": torch.cuda.get_device_name(device) if device.type == "cuda" else "CPU",
        "cpu": processor(),
        "cores": torch.cpu.get_capabilities().get("num_logical_cores"),
        "threads": torch.get_num_threads(),
        "bf16": multiplies_bf16(device),
        "torch": torch.__version__,
        **{name: installed_version(name) for name in LIBRARIES},
        "conclu_pyg": __version__,
        "python": platform.python_version(),
        "system": platform.system(),
    }
    return facts if device.type == "cpu" else {**facts, "cuda": torch.version.cuda}


def installed_version(name: str) -> str | None:
    """The version of an installed package, None where it is not installed."""
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def processor() -> str:
    """The processor's name, as the system gives it."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.is_file() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def multiplies_bf16(device: torch.device) -> bool:
    """Whether the device multiplies bfloat16 by instructions of its own, so that 16 bits can be faster than 32."""
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    capabilities = torch.cpu.get_capabilities()
    return any(capabilities.get(name, False) for name in BF16_INSTRUCTIONS)


def product_peak(device: torch.device, dtype: torch.dtype, size: int, budget: float) -> float:
    """Floating point operations per second in a product of two square matrices, a multiplication and an addition
    counting two."""
    a, b = (torch.randn(size, size, device=device).to(dtype) for _ in range(2))
    return 2 * size**3 / alternate({"product": lambda: a @ b}, device, budget)["product"].seconds
