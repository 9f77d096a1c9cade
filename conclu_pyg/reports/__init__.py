"""Reports of runs, indices and folders: a page to look at.

.. code-block:: python

    from conclu_pyg.reports import report_index, report_run

    report_index(open_index("parts.index"), "report.html")
    report_run(load_run("runs/mine"), "report.html")
"""

from __future__ import annotations

from conclu_pyg.lazy_names import lazy_names

# Imported on first use: the command line checks its inputs before it imports torch.
_EXPORTS = {
    "compare_runs": "compare",
    "report_index": "of_index",
    "report_run": "of_run",
}

__all__ = list(_EXPORTS)
__getattr__ = lazy_names(__name__, _EXPORTS)
