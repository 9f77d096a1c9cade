"""Methods of pre-training, registered in :data:`conclu_pyg.METHODS`: one per file."""
