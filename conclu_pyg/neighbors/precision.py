"""Full float32 precision of matrix products, independent of the program's settings."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch

REDUCED = ("tf32", "bf16")
INHERITED = "none"  # value of a backend that follows torch.backends.fp32_precision
BACKENDS: tuple[Any, ...] = (torch.backends.mkldnn.matmul, torch.backends.cuda.matmul)  # type: ignore[attr-defined]

_lock = threading.Lock()
_settings: list[list[str]] = []  # one entry per active context, all equal: the settings to restore


@contextmanager
def full_float32() -> Iterator[None]:
    """Disable TF32 and bf16 in products of float32 within the context; ``torch.set_float32_matmul_precision`` and
    ``torch.backends.fp32_precision`` may enable them, and rounded distances would swap neighbours.

    The setting is global to the process: it also affects layers that other threads compute at the same time, and a
    change by another thread may be lost. Contexts may overlap: the last one to exit restores what the first one found.
    A backend whose own setting equals the inherited one is restored to inheriting.
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
    """Set full precision and return the backend's own previous setting, or an empty string if it was full already."""
    precision: str = backend.fp32_precision  # its own setting, or the inherited one
    if precision not in REDUCED:
        return ""
    backend.fp32_precision = INHERITED
    own = INHERITED if backend.fp32_precision == precision else precision
    backend.fp32_precision = "ieee"
    return own
