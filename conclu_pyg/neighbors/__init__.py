"""Exact k-nearest-neighbour searches within clouds, registered in :data:`conclu_pyg.NEIGHBORS`, one per file."""
