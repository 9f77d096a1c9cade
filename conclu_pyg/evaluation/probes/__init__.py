"""Probes, registered in :data:`conclu_pyg.PROBES`: one kind per file."""
