"""Show what the program finds on this machine, what is wrong, and the command that fixes it."""

from __future__ import annotations

import argparse
import os
import platform
import shutil
from collections.abc import Iterator
from importlib import metadata
from typing import Any

from conclu_pyg._version import __version__
from conclu_pyg.cli.installation import NATIVE, find_problems
from conclu_pyg.cli.json_output import add_json, print_json, silence
from conclu_pyg.cli.loading_notice import announce_loading
from conclu_pyg.cli.terminal import console
from conclu_pyg.errors import ConcluError
from conclu_pyg.extras import DISTRIBUTIONS, EXTRAS, is_installed, missing_extra
from conclu_pyg.open3d_library import INSTALL_HINT
from conclu_pyg.text import pluralize
from conclu_pyg.threads import SPIN, THREADS, available_cores, container_cores

PACKAGES = ("torch", "torch_geometric", "lightning_fabric", "numpy")
# Instructions for products of matrices, by the names of `torch.cpu.get_capabilities`.
INSTRUCTIONS = {
    "avx2": "AVX2",
    "avx512_f": "AVX-512",
    "avx512_bf16": "AVX512-BF16",
    "amx_bf16": "AMX-BF16",
    "neon": "NEON",
    "sve": "SVE",
    "bf16": "BF16",
}
BUSY = 0.5  # a load average above it is shown
# Libraries that examples of the documents use; no extra installs them.
OF_EXAMPLES = {"lightly": "examples with its losses", "lightning": "examples with its Trainer"}
EXAMPLES = """examples:
  conclu doctor
  conclu doctor --json > machine.json        to enclose with a report of a fault

The exit status is 0 if nothing is wrong, otherwise 2. A missing optional package is not wrong."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_json(parser)


def run(options: argparse.Namespace) -> None:
    silence(options)
    announce_loading()
    found = examine()
    for line in _lines(found):
        console.print(line)
    if options.json:
        print_json(found)
    if problems := found["problems"]:
        raise ConcluError(f"{pluralize(len(problems), 'problem')}; run the command after each.")


def examine() -> dict[str, Any]:
    """Return what is there, as plain values for JSON."""
    problems = find_problems()
    return {
        "versions": {
            "conclu_pyg": __version__,
            "python": platform.python_version(),
            **{name: _metadata_version(name) for name in PACKAGES},
        },
        "platform": platform.platform(),
        "cores": available_cores(),
        "container_cores": container_cores(),
        "environment": {name: os.environ.get(name) for name in (THREADS, SPIN)},
        "load": os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0,
        "packages": _optional_versions(),
        "free_gb": round(shutil.disk_usage(os.getcwd()).free / 1e9, 1),
        **_examine_torch(),
        "launcher": _examine_launcher(),
        "problems": [problem._asdict() for problem in problems],
    }


def _examine_torch() -> dict[str, Any]:
    """Return what PyTorch finds; ``None`` for each entry if it cannot be imported."""
    try:
        import torch
    except (ImportError, OSError):  # OSError: a library that it is linked to
        return dict.fromkeys(("cpu", "threads", "cuda", "mps"))
    capabilities = torch.cpu.get_capabilities()
    return {
        "cpu": {
            "name": capabilities.get("cpu_name") or platform.machine(),
            "used": torch.backends.cpu.get_cpu_capability(),
            "instructions": {
                name: bool(capabilities[key]) for key, name in INSTRUCTIONS.items() if key in capabilities
            },
        },
        "threads": torch.get_num_threads(),
        "cuda": [torch.cuda.get_device_name(index) for index in range(torch.cuda.device_count())],
        "mps": torch.mps.is_available(),
    }


def _examine_launcher() -> dict[str, Any] | None:
    try:
        from conclu_pyg.pipelines.launch import launched
    except (ImportError, OSError):
        return None
    start = launched()
    return {"name": start.launcher, "devices": start.devices, "num_nodes": start.num_nodes}


def _optional_versions() -> dict[str, str | None]:
    """Return the version of each optional package, ``unknown`` without metadata, or ``None`` if it is not installed."""
    distributions = metadata.packages_distributions()  # once: it reads the files of every installed package
    return {
        package: (_metadata_version(distributions.get(package, [package])[0]) or "unknown")
        if is_installed(package)
        else None
        for package in sorted({*EXTRAS, *NATIVE, *OF_EXAMPLES})
    }


def _metadata_version(distribution: str) -> str | None:
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return None


def _lines(found: dict[str, Any]) -> Iterator[str]:
    versions, cpu = found["versions"], found["cpu"]
    yield f"conclu_pyg {versions['conclu_pyg']}, Python {versions['python']}, {found['platform']}"
    yield ", ".join(f"{name} {versions[name] or 'is not installed'}" for name in PACKAGES)
    if cpu is None:
        yield "CPU, threads and devices: unknown without PyTorch"
    else:
        can = ", ".join(f"{name} {'yes' if there else 'no'}" for name, there in cpu["instructions"].items())
        yield f"CPU: {cpu['name']}; {can}; PyTorch uses {cpu['used']}"
        yield from _threads(found)
        yield f"CUDA: {', '.join(found['cuda']) or 'no device'}; MPS: {'yes' if found['mps'] else 'no'}"
    launcher = found["launcher"]
    if launcher is not None and launcher["name"]:
        processes = pluralize(launcher["devices"], "process", "processes")
        yield f"{launcher['name']}: {processes} on each of {pluralize(launcher['num_nodes'], 'machine')}"
    for package, version in found["packages"].items():
        yield f"{DISTRIBUTIONS.get(package, package)}: {version}" if version else _missing(package)
    yield f"free in {os.getcwd()}: {found['free_gb']:.1f} GB"
    for problem in found["problems"]:
        yield f"problem: {problem['sentence']}; run: {problem['fix']}"


def _missing(package: str) -> str:
    if package in EXTRAS:
        return missing_extra(package)
    if package in OF_EXAMPLES:
        return f"{package} is not installed, for {OF_EXAMPLES[package]}; run `pip install {package}`"
    if package == "open3d":
        return f"open3d is not installed, for windows and its pictures; {INSTALL_HINT}"
    return (
        f"{package} is not installed; run `pip install --no-build-isolation 'conclu_pyg[cluster]'`, which compiles it"
    )


def _threads(found: dict[str, Any]) -> Iterator[str]:
    quota = found["container_cores"]
    yield f"cores: {found['cores']}" + ("" if quota is None else f", of which a container may use {quota:g}")
    settings = (
        f"{name} is not set" if value is None else f"{name}={value}" for name, value in found["environment"].items()
    )
    yield f"threads of PyTorch: {found['threads']} ({', '.join(settings)})"
    if found["load"] > BUSY:
        yield (
            f"load average of the last minute: {found['load']:.1f} processes that run or wait for a core; if that is "
            f"more than the cores, {THREADS}=1 before a command leaves more of them to the others"
        )
