"""Data sets, registered in :data:`conclu_pyg.DATASETS`, and the readers and cache behind them."""
