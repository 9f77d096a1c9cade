"""Decoders of pooled features to point clouds, registered in :data:`conclu_pyg.DECODERS`: one per file.

A decoder is a ``torch.nn.Module`` with the attribute ``num_points``, an int N, that takes the argument ``in_channels``.
One that works from coarse to fine has the method ``levels`` (:mod:`conclu_pyg.decoders.base`).

Shapes:
    - **input:** ``[B, in_channels]``, **output:** ``[B, N, 3]``
"""
