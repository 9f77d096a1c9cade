"""Supervised models, registered in :data:`conclu_pyg.TASKS`: one per file."""
