"""Export of encoders and supervised models to programs that run without this package."""

from __future__ import annotations

from conclu_pyg.export.formats import FORMATS
from conclu_pyg.lazy_names import lazy_names

__all__ = ["FORMATS", "Exported", "export_run"]
# On first use: the command line needs FORMATS alone, without PyTorch.
__getattr__ = lazy_names(__name__, {"Exported": "export", "export_run": "export"})
