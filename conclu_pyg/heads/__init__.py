"""Heads on an encoder's features, registered in :data:`conclu_pyg.HEADS`."""
