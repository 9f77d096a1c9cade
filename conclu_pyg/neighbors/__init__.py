"""The k nearest points of each point in its own cloud, registered in :data:`conclu_pyg.NEIGHBORS`: one way per file."""
