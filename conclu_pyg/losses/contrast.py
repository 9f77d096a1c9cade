"""The contrasting module: predictions of one view against projections of the other."""

from __future__ import annotations

from torch import Tensor
from torch.nn.functional import cosine_similarity


def cosine_distance(q: Tensor, z: Tensor) -> Tensor:
    r"""The squared distance of the normalised vectors (ConClu, eq. 2), in [0, 4],

    .. math::
        D(q, z) = \left\| \frac{q}{\|q\|} - \frac{z}{\|z\|} \right\|^2 = 2 - 2 \cos(q, z).

    Shapes:
        - **q**, **z:** ``[..., D]``, **output:** ``[...]``
    """
    return 2 - 2 * cosine_similarity(q.float() if q.itemsize == 2 else q, z.float() if z.itemsize == 2 else z, dim=-1)


def contrast_loss(q_a: Tensor, q_b: Tensor, z_a: Tensor, z_b: Tensor) -> Tensor:
    r"""The symmetrised contrast (ConClu, eq. 3 and 4), averaged over the batch; its minimum is 0.

    .. math::
        L_{con} = \frac{1}{B} \sum_i D(q_i^a, \mathrm{sg}(z_i^b)) + D(q_i^b, \mathrm{sg}(z_i^a))

    Args:
        q_a, q_b: predictions of the two views.
        z_a, z_b: projections of the two views; they receive no gradient.

    Shapes:
        - **q_a**, **q_b**, **z_a**, **z_b:** ``[B, D]``, **output:** ``[]``
    """
    return (cosine_distance(q_a, z_b.detach()) + cosine_distance(q_b, z_a.detach())).mean()
