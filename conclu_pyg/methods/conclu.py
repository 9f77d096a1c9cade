"""ConClu: contrasting and clustering."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

import torch
from torch import Tensor, nn
from torch_geometric.data import Batch

from conclu_pyg.arguments import validated
from conclu_pyg.constraints import NonNegativeFloat, NonNegativeInt
from conclu_pyg.errors import ConfigError
from conclu_pyg.losses import code_prediction_loss, contrast_loss, orthogonality_loss
from conclu_pyg.losses.orthogonality import Reduction
from conclu_pyg.methods.base import MethodOutput
from conclu_pyg.methods.diagnostics import cluster_warnings, clustering_metrics, collapse_warnings, projection_std
from conclu_pyg.methods.siamese import Siamese
from conclu_pyg.nn.feature_queue import FeatureQueue
from conclu_pyg.nn.step_rows import step_rows
from conclu_pyg.processes import gather_rows
from conclu_pyg.registry import CLUSTERERS, METHODS


@METHODS.register_module()
class ConClu(Siamese):
    r"""`ConClu <https://arxiv.org/abs/2202.02543>`_: two views of each cloud are pulled together, while codes from
    optimal transport spread the batch over learned prototypes (eq. 1 to 10).

    .. math::
        L = w_{con} L_{con} + w_{clu} L_{code} + w_{orth} L_{orth}

    A term whose weight is 0 is not computed; the ablations of table 3 are such weights.

    Args:
        encoder, projector, predictor: as for :class:`~conclu_pyg.methods.siamese.Siamese`.
        clusterer: config of the clusterer (default: :class:`~conclu_pyg.clusterers.sinkhorn.SinkhornClusterer`).
        codes: ``swapped``: the codes of one view supervise the prediction of the other (section 2.1);
            ``same_view``: they supervise their own (eq. 6 and 9 read literally) (default: swapped).
        queue: projections of earlier batches that the codes of each view are computed with, for batches that are
            smaller than the number of prototypes (`SwAV <https://arxiv.org/abs/2006.09882>`_, section 4.3)
            (default: 0, none).
        contrast_weight: weight of eq. 4 (default: 1).
        cluster_weight: weight of the cross-entropy in eq. 9 (default: 1).
        orthogonality_weight: weight of eq. 8, which has no effect without the cluster term (default: 1).
        orthogonality_reduction: ``sum`` or ``mean`` of eq. 8's entries (default: mean).

    Raises:
        ArgumentError: a weight is negative or not finite.
        ConfigError: the contrast and the cluster weight are both 0, or an encoder without ``out_channels``.
    """

    components: ClassVar = {"clusterer": CLUSTERERS}

    @validated
    def __init__(
        self,
        encoder: Any,
        projector: Any = None,
        predictor: Any = None,
        clusterer: Any = None,
        codes: Literal["swapped", "same_view"] = "swapped",
        queue: NonNegativeInt = 0,
        contrast_weight: NonNegativeFloat = 1.0,
        cluster_weight: NonNegativeFloat = 1.0,
        orthogonality_weight: NonNegativeFloat = 1.0,
        orthogonality_reduction: Reduction = "mean",
    ) -> None:
        weights = {"contrast": contrast_weight, "cluster": cluster_weight, "orthogonality": orthogonality_weight}
        if contrast_weight + cluster_weight == 0:
            raise ConfigError("ConClu: contrast_weight or cluster_weight must be > 0, got 0 for both.")
        super().__init__(encoder, projector, predictor)
        self.codes: Literal["swapped", "same_view"] = codes
        self.weights = {name: weight for name, weight in weights.items() if weight > 0}
        self.orthogonality_reduction: Reduction = orthogonality_reduction
        channels = {"channels": self.projector.out_channels}
        self.clusterer = CLUSTERERS.build(clusterer or {"name": "SinkhornClusterer"}, channels)
        self.clusterer.requires_grad_(bool(cluster_weight))
        self.queue = queue
        self.queues = nn.ModuleList(FeatureQueue(queue, self.projector.out_channels) for _ in range(2 if queue else 0))

    def forward(self, views: Mapping[str, Batch]) -> MethodOutput:
        z_a, q_a = self.embed(views["a"])  # (B, D) each
        z_b, q_b = self.embed(views["b"])
        losses: dict[str, Tensor] = {}
        metrics = {"projection_std": projection_std(z_a)}
        if "contrast" in self.weights:
            losses["contrast"] = contrast_loss(q_a, q_b, z_a, z_b)
        if "cluster" in self.weights:
            log_gamma_a, log_gamma_b = self.clusterer(q_a), self.clusterer(q_b)  # (B, J) each
            codes_a, codes_b = self._codes(z_a, 0), self._codes(z_b, 1)
            target_a, target_b = (codes_b, codes_a) if self.codes == "swapped" else (codes_a, codes_b)
            losses["cluster"] = code_prediction_loss(log_gamma_a, target_a)
            losses["cluster"] += code_prediction_loss(log_gamma_b, target_b)
            assigned, _ = gather_rows(torch.stack([log_gamma_a.detach(), codes_a, codes_b], dim=1))
            metrics |= clustering_metrics(*assigned.unbind(dim=1))
            if "orthogonality" in self.weights:
                losses["orthogonality"] = orthogonality_loss(self.clusterer.prototypes, self.orthogonality_reduction)
        return MethodOutput({name: self.weights[name] * loss for name, loss in losses.items()}, metrics)

    @torch.no_grad()
    def _codes(self, z: Tensor, view: int) -> Tensor:
        """Return the codes of a view's projections, as part of all clouds of the step and of the queue.

        Shapes:
            - **z:** ``[b, D]``, **output:** ``[b, J]``
        """
        rows, own, is_last = step_rows(z)
        if not self.queues:
            return self.clusterer.codes(rows)[own]
        queue: Any = self.queues[view]
        codes = self.clusterer.codes(torch.cat([rows, queue.rows()]))[own]
        if self.training and is_last:
            queue.push(rows)
        return codes

    def loss_names(self) -> list[str]:
        """Return the names of the terms whose weight is not 0."""
        return [name for name in self.weights if name != "orthogonality" or "cluster" in self.weights]

    @property
    def num_clusters(self) -> int:
        """The number of prototypes, J, or 0 if the cluster term is off and the prototypes are not trained."""
        return int(self.clusterer.num_prototypes) if "cluster" in self.weights else 0

    def min_batch_size(self) -> int:
        """Return one cloud for each prototype, less the clouds of the queue: the codes of fewer clouds leave prototypes
        without one."""
        return max(2, self.num_clusters - self.queue)

    def warnings(self, metrics: Mapping[str, float]) -> list[str]:
        if not self.num_clusters:
            return collapse_warnings(metrics)
        advice = {
            "advice_unused": "raise model.orthogonality_weight or lower the learning rate",
            "advice_uniform": "lower model.clusterer.epsilon",
        }
        of_clusters = cluster_warnings(metrics, self.num_clusters, **advice)
        return [*collapse_warnings(metrics, "raise model.cluster_weight"), *of_clusters]

    @torch.no_grad()
    def assign(self, clouds: Batch) -> Tensor:
        r"""Return the logarithm of each cloud's soft assignment to the prototypes, :math:`\log \gamma` (eq. 5).

        Shapes:
            - **output:** ``[B, J]``
        """
        return self.clusterer(self.embed(clouds)[1])
