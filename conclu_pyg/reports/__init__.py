"""Reports of runs, indices and folders: a page to look at.

.. code-block:: python

    from conclu_pyg.reports import report_index, report_run

    report_index(open_index("parts.index"), "report.html")
    report_run(load_run("runs/mine"), "report.html")
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

# Imported on first use: the command line checks its inputs before it imports torch.
_EXPORTS = {
    "compare_runs": "compare",
    "report_index": "of_index",
    "report_run": "of_run",
}

__all__ = list(_EXPORTS)


def __getattr__(name: str) -> Any:
    if name not in _EXPORTS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_EXPORTS[name]}"), name)
