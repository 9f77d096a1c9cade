"""Methods of pre-training and models of labelled tasks, registered in :data:`conclu_pyg.METHODS`, one per file, and
what is asked of them: what they say of themselves, what they give for a split, and statistics of them."""
