"""Where the metrics of a training go: one logger per file, registered in :data:`~conclu_pyg.registry.LOGGERS`."""
