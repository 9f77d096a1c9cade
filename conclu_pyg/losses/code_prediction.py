"""The clustering module's cross-entropy: predicted assignments against the codes."""

from __future__ import annotations

from torch import Tensor


def code_prediction_loss(log_gamma: Tensor, codes: Tensor) -> Tensor:
    r"""The cross-entropy of one view (ConClu, eq. 9, whose minus sign is missing in print), averaged over the batch,

    .. math::
        -\frac{1}{B} \sum_i \sum_j s_{ij} \log \gamma_{ij}.

    Args:
        log_gamma: the logarithm of the predicted assignment of each cloud.
        codes: the pseudo-labels, rows that sum to 1; they receive no gradient.

    Shapes:
        - **log_gamma**, **codes:** ``[B, J]``, **output:** ``[]``
    """
    return -(codes.detach() * log_gamma).sum(dim=1).mean()
