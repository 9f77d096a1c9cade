"""Imports of the libraries that the extra ``vis`` installs."""

from __future__ import annotations

import importlib
from typing import Any

from conclu_pyg.errors import ConcluError, one_line


def import_vis(module: str, purpose: str) -> Any:
    """Imports a module of matplotlib or plotly when it is needed.

    Args:
        module: the module, such as ``matplotlib.figure``.
        purpose: the beginning of the error message, such as ``drawing a figure``.

    Raises:
        ConcluError: it cannot be imported.
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        library = module.partition(".")[0]
        raise ConcluError(
            f"{purpose} needs {library}, which cannot be imported ({one_line(error)}); run `pip install "
            "'conclu_pyg[vis]'`."
        ) from error
