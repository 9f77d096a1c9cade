"""Clustering by optimal transport: soft assignments to prototypes, and codes that spread a batch over them."""

from __future__ import annotations

import math
from typing import Annotated

import torch
from annotated_types import Ge
from torch import Tensor, nn
from torch.nn.functional import normalize

from conclu_pyg.arguments import validated
from conclu_pyg.constraints import NonNegativeFloat, PositiveFloat, PositiveInt
from conclu_pyg.errors import DataError
from conclu_pyg.registry import CLUSTERERS

MAX_BLOCK = 20  # iterations between two checks of the columns


@torch.no_grad()
def sinkhorn(cost: Tensor, epsilon: float, num_iters: int, tolerance: float = 0) -> Tensor:
    r"""Entropic optimal transport with uniform marginals, by Sinkhorn-Knopp
    (`Cuturi 2013 <https://arxiv.org/abs/1306.0895>`_),

    .. math::
        \min_S \sum_{ij} s_{ij} \, cost_{ij} + \epsilon \sum_{ij} s_{ij} (\log s_{ij} - 1), \qquad
        S 1_J = \tfrac{1}{B} 1_B, \quad S^{\top} 1_B = \tfrac{1}{J} 1_J .

    The rows are scaled last, so they meet their marginal exactly. Computed in float32 at least.

    The first iteration is in the log domain. The others scale the plan that it leaves by products with vectors, which
    are absorbed into its logarithm before they can leave the range of the numbers: from iteration to iteration the
    largest sum of a column falls and the smallest one grows, so each scales by no more than their ratio at the start
    of a block.

    Args:
        cost: the cost of moving each row to each column.
        epsilon: weight of the entropy, in units of the cost; the smaller, the harder the assignment and the more
            iterations it takes.
        num_iters: how often columns and rows are scaled at most.
        tolerance: iterations end when the sum of each column is within this part of its marginal, which is checked
            every 20 iterations at least (default: 0, all iterations).

    Shapes:
        - **cost:** ``[B, J]``, **output:** ``[B, J]``, sums to 1, in float32 or wider
    """
    log_plan = cost.to(torch.promote_types(cost.dtype, torch.float32)) / -epsilon
    num_rows, num_columns = cost.shape
    log_plan = log_plan - log_plan.logsumexp(dim=0, keepdim=True) - math.log(num_columns)
    log_plan = log_plan - log_plan.logsumexp(dim=1, keepdim=True) - math.log(num_rows)
    plan, ratio = log_plan.exp(), log_plan.new_tensor(num_columns / num_rows)
    done, largest = 1, math.log(torch.finfo(log_plan.dtype).max) / 2
    while done < num_iters:
        low, high = plan.sum(dim=0).mul_(num_columns).aminmax()  # 1 at the end
        if tolerance and max(1 - float(low), float(high) - 1) <= tolerance:
            break
        spread = math.log(float(high) / float(low))
        block = min(max(1, int(largest / spread)) if spread else MAX_BLOCK, MAX_BLOCK, num_iters - done)
        rows = plan.new_full((num_rows,), num_columns)  # the factors of the rows times J: a multiplication less
        for _ in range(block):
            columns = torch.mv(plan.t(), rows).reciprocal_()
            rows = torch.div(ratio, torch.mv(plan, columns))
        log_plan = log_plan.add_((rows / num_columns).log_()[:, None]).add_(columns.log_())
        plan, done = log_plan.exp(), done + block
    return plan


@CLUSTERERS.register_module()
class SinkhornClusterer(nn.Module):
    r"""Assigns clouds to learned prototypes (`ConClu <https://arxiv.org/abs/2202.02543>`_, section 2.3).

    Args:
        num_prototypes: the number of clusters, J (default: 32).
        channels: size of projections and predictions (default: 256).
        temperature: :math:`\tau` of the soft assignment (default: 0.01).
        epsilon: weight of the entropy in the transport, in units of the cost 2 - 2 cos; how it was chosen is in
            ``docs/method.md`` (default: 0.01).
        num_iters: Sinkhorn iterations at most (default: 1000).
        tolerance: they end when each prototype's part of the batch is within this part of an equal one (default:
            0.005).

    Raises:
        ArgumentError: fewer than 2 prototypes, or a temperature, epsilon or number of iterations that is not positive,
            or a negative tolerance.
    """

    @validated
    def __init__(
        self,
        num_prototypes: Annotated[int, Ge(2)] = 32,
        channels: PositiveInt = 256,
        temperature: PositiveFloat = 0.01,
        epsilon: PositiveFloat = 0.01,
        num_iters: PositiveInt = 1000,
        tolerance: NonNegativeFloat = 0.005,
    ) -> None:
        super().__init__()
        self.num_prototypes = num_prototypes
        self.temperature = temperature
        self.epsilon = epsilon
        self.num_iters = num_iters
        self.tolerance = tolerance
        self.prototypes = nn.Parameter(torch.empty(num_prototypes, channels))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        nn.init.orthogonal_(self.prototypes)

    def forward(self, q: Tensor) -> Tensor:
        r"""The logarithm of the soft assignment, :math:`\log \mathrm{softmax}(\cos(q, c_j) / \tau)` (eq. 5).

        Shapes:
            - **q:** ``[B, channels]``, **output:** ``[B, J]``
        """
        return (self._cosines(q) / self.temperature).log_softmax(dim=1)

    @torch.no_grad()
    def codes(self, z: Tensor) -> Tensor:
        """The codes of a batch: the transport plan (eq. 6 and 7) times B, so that each row sums to 1.

        Shapes:
            - **z:** ``[B, channels]``, **output:** ``[B, J]``
        """
        return len(z) * sinkhorn(2 - 2 * self._cosines(z), self.epsilon, self.num_iters, self.tolerance)

    def _cosines(self, x: Tensor) -> Tensor:
        """The cosine of each row with each prototype, ``[B, J]``."""
        channels = self.prototypes.size(1)
        if x.dim() != 2 or x.size(1) != channels:
            raise DataError(
                f"SinkhornClusterer: expected rows of {channels} channels as [B, {channels}], got {list(x.shape)}; "
                "give its option channels the size of the projections.",
                argument="channels",
                got=list(x.shape),
            )
        with torch.autocast(x.device.type, enabled=False):  # over tau = 0.01 they need float32's resolution
            return normalize(x.to(self.prototypes.dtype), dim=1) @ normalize(self.prototypes, dim=1).t()

    def __repr__(self) -> str:
        return (
            f"{type(self).__name__}(num_prototypes={self.num_prototypes}, temperature={self.temperature}, "
            f"epsilon={self.epsilon}, num_iters={self.num_iters}, tolerance={self.tolerance})"
        )
