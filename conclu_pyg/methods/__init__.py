"""Self-supervised methods, registered in :data:`conclu_pyg.METHODS`: one per file.

:mod:`conclu_pyg.methods.base` has the interface and :mod:`conclu_pyg.methods.diagnostics` the metrics that show
collapse.
"""
