"""Data sets, registered in :data:`conclu_pyg.DATASETS`: one per file."""
