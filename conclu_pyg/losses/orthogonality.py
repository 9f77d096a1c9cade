"""The regulariser that keeps prototypes apart."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor
from torch.nn.functional import normalize

Reduction = Literal["sum", "mean"]


def orthogonality_loss(prototypes: Tensor, reduction: Reduction = "mean") -> Tensor:
    r"""The entrywise L1 norm of the Gram matrix of the normalised prototypes minus the identity (ConClu, eq. 8),

    .. math::
        L_{orth} = \| \Gamma^{\top} \Gamma - I \|_1 .

    Args:
        prototypes: one prototype in each row.
        reduction: ``sum`` of the entries, as eq. 8 reads, or their ``mean``, which does not grow with J (default).

    Shapes:
        - **prototypes:** ``[J, D]``, **output:** ``[]``
    """
    with torch.autocast(prototypes.device.type, enabled=False):  # 16 bits blur the signs of entries near 0
        unit = normalize(prototypes, dim=1)
        gram = unit @ unit.t()
    entries = (gram - torch.eye(len(gram), device=gram.device, dtype=gram.dtype)).abs()
    return entries.sum() if reduction == "sum" else entries.mean()
