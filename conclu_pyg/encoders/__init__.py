"""Point cloud encoders, registered in :data:`conclu_pyg.ENCODERS`, one per file."""
