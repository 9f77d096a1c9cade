"""Matrix products in full float32, whatever the program chose for its layers."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch

REDUCED = ("tf32", "bf16")
INHERITED = "none"  # the setting of a backend that follows torch.backends.fp32_precision
BACKENDS: tuple[Any, ...] = (torch.backends.mkldnn.matmul, torch.backends.cuda.matmul)  # type: ignore[attr-defined]

_lock = threading.Lock()
_settings: list[list[str]] = []  # one for each thread that is within: what the first one found, which the last restores


@contextmanager
def full_float32() -> Iterator[None]:
    """Within it, products of float32 are not shortened to TF32 or bf16, as ``torch.set_float32_matmul_precision`` and
    ``torch.backends.fp32_precision`` allow; that would swap neighbours.

    The setting is the whole process's: layers that other threads compute meanwhile are in full float32 too, and whoever
    changes it meanwhile may find that undone, or not seen. Uses may overlap: the last one to end restores what the
    first one found. A backend whose own setting is what it would inherit inherits it afterwards.
    """
    with _lock:
        _settings.append(_settings[0] if _settings else [_suspend(backend) for backend in BACKENDS])
    try:
        yield
    finally:
        with _lock:
            before = _settings.pop()
            if not _settings:
                for backend, precision in zip(BACKENDS, before, strict=True):
                    if precision:
                        backend.fp32_precision = precision


def _suspend(backend: Any) -> str:
    """Sets full precision, and gives the backend's own setting before; empty where its precision was full already."""
    precision: str = backend.fp32_precision  # its own or, without one, the inherited one
    if precision not in REDUCED:
        return ""
    backend.fp32_precision = INHERITED
    own = INHERITED if backend.fp32_precision == precision else precision
    backend.fp32_precision = "ieee"
    return own
