"""A word before the seconds in which PyTorch is loaded and nothing else would be seen."""

from __future__ import annotations

import sys


def announce_loading() -> None:
    """Says on a terminal that PyTorch is being loaded, where it is not yet; log files and pipes are spared the line."""
    if "torch" not in sys.modules and sys.stderr.isatty():
        print("loading PyTorch, a few seconds ...", file=sys.stderr, flush=True)
