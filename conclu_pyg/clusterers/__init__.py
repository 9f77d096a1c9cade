"""Clusterers over learned prototypes, registered in :data:`conclu_pyg.CLUSTERERS`: one per file."""
