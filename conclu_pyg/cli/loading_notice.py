"""Prints a notice while PyTorch is imported."""

from __future__ import annotations

import sys


def announce_loading() -> None:
    """Prints the notice if PyTorch is not imported yet and the standard error is a terminal."""
    if "torch" not in sys.modules and sys.stderr.isatty():
        print("loading PyTorch, a few seconds ...", file=sys.stderr, flush=True)
