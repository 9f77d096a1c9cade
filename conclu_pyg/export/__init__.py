"""Export of encoders and supervised models to programs that run without this package."""

from __future__ import annotations

from typing import Any

from conclu_pyg.export.formats import FORMATS

__all__ = ["FORMATS", "Exported", "export_run"]


def __getattr__(name: str) -> Any:  # on first use: the command line needs FORMATS alone, without PyTorch
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from conclu_pyg.export import export

    return getattr(export, name)
