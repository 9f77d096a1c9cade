"""Training loops, registered in :data:`conclu_pyg.PIPELINES`: one per file."""
