"""Export of encoders and supervised models to programs that run without this package."""

from conclu_pyg.export.export import FORMATS, Exported, export_run

__all__ = ["FORMATS", "Exported", "export_run"]
