"""Show what the program finds on this machine: versions, threads, devices, optional packages."""

from __future__ import annotations

import argparse
import importlib.util
import os
import platform
import shutil
from collections.abc import Iterator
from importlib import metadata

from conclu_pyg._version import __version__
from conclu_pyg.cli.loading_notice import announce_loading
from conclu_pyg.cli.terminal import console
from conclu_pyg.extras import DISTRIBUTIONS, EXTRAS, is_installed, missing_extra
from conclu_pyg.text import pluralize
from conclu_pyg.threads import SPIN, THREADS, available_cores, container_cores

PACKAGES = ("torch", "torch_geometric", "lightning_fabric", "numpy")
BUSY = 0.5  # of a core: other processes that use more are named


def add_arguments(parser: argparse.ArgumentParser) -> None:
    del parser  # there are no options


def run(options: argparse.Namespace) -> None:
    announce_loading()
    for line in (*_versions(), *_threads(), *_devices(), *_packages(), *_disk()):
        console.print(line)


def _versions() -> Iterator[str]:
    yield f"conclu_pyg {__version__}, Python {platform.python_version()}, {platform.platform()}"
    yield ", ".join(f"{name} {metadata.version(name)}" for name in PACKAGES)


def _threads() -> Iterator[str]:
    import torch

    quota = container_cores()
    limit = "" if quota is None else f", of which a container may use {quota:g}"
    yield f"cores: {available_cores()}{limit}"
    chosen = f"{THREADS}={os.environ[THREADS]}" if THREADS in os.environ else f"{THREADS} is not set"
    spin = f"{SPIN}={os.environ[SPIN]}" if SPIN in os.environ else f"{SPIN} is not set"
    yield f"threads of PyTorch: {torch.get_num_threads()} ({chosen}, {spin})"
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0
    if load > BUSY:
        yield (
            f"busy cores in the last minute: {load:.1f}; if other processes need them, {THREADS}=1 before a command "
            "leaves them one core each"
        )


def _devices() -> Iterator[str]:
    import torch

    from conclu_pyg.pipelines.launch import launched

    names = [torch.cuda.get_device_name(index) for index in range(torch.cuda.device_count())]
    yield f"CUDA: {', '.join(names) if names else 'no device'}; MPS: {'yes' if torch.mps.is_available() else 'no'}"
    found = launched()
    if found.launcher:
        processes = pluralize(found.devices, "process", "processes")
        yield f"{found.launcher}: {processes} on each of {pluralize(found.num_nodes, 'machine')}"


def _packages() -> Iterator[str]:
    for package in sorted(EXTRAS):
        name = DISTRIBUTIONS.get(package, package)
        yield f"{name}: {metadata.version(name)}" if is_installed(package) else f"{missing_extra(package)}"
    for package, use in (("torch_cluster", "neighbors: torch_cluster"), ("open3d", "windows and Open3D's pictures")):
        yield f"{package}: {'installed' if importlib.util.find_spec(package) else 'not installed'} ({use})"


def _disk() -> Iterator[str]:
    free = shutil.disk_usage(os.getcwd()).free / 1e9
    yield f"free in {os.getcwd()}: {free:.1f} GB"
