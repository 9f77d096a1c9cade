"""Encoders of point clouds, registered in :data:`conclu_pyg.ENCODERS`: one per file."""
