"""ConClu: contrasting and clustering."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, ClassVar, Literal, get_args

import torch
from torch import Tensor, nn
from torch_geometric.data import Batch

from conclu_pyg.encoders.base import channels_of, pooled_features
from conclu_pyg.errors import ConfigError
from conclu_pyg.losses import code_prediction_loss, contrast_loss, orthogonality_loss
from conclu_pyg.losses.orthogonality import Reduction
from conclu_pyg.methods.base import BatchNeed, MethodOutput
from conclu_pyg.methods.collapse import collapse_warnings
from conclu_pyg.methods.statistics import clustering_statistics, projection_std
from conclu_pyg.registry import CLUSTERERS, ENCODERS, HEADS, METHODS


@METHODS.register_module()
class ConClu(nn.Module):
    r"""`ConClu <https://arxiv.org/abs/2202.02543>`_: two views of each cloud are pulled together, while codes from
    optimal transport spread the batch over learned prototypes (eq. 1 to 10).

    .. math::
        L = w_{con} L_{con} + w_{clu} L_{code} + w_{orth} L_{orth}

    A term whose weight is 0 is not computed; the ablations of table 3 are such weights.

    Args:
        encoder: config of the encoder, or the encoder.
        projector: config of g (default: :class:`~conclu_pyg.heads.projection.ProjectionHead`).
        predictor: config of q (default: :class:`~conclu_pyg.heads.projection.PredictionHead`).
        clusterer: config of the clusterer (default:
            :class:`~conclu_pyg.clusterers.sinkhorn.SinkhornClusterer`).
        codes: ``swapped``, where the codes of one view supervise the prediction of the other (section 2.1), or
            ``same_view``, where they supervise their own (eq. 6 and 9 read literally) (default: swapped).
        contrast_weight: weight of eq. 4 (default: 1).
        cluster_weight: weight of the cross-entropy in eq. 9 (default: 1).
        orthogonality_weight: weight of eq. 8, which falls away with the cluster term (default: 1).
        orthogonality_reduction: ``sum`` or ``mean`` of eq. 8's entries (default: mean).

    Raises:
        ConfigError: a weight that is negative or not finite, weights that leave neither contrast nor clusters, another
            value of ``codes`` or ``orthogonality_reduction``, or an encoder without ``out_channels``.
    """

    components: ClassVar = {"encoder": ENCODERS, "projector": HEADS, "predictor": HEADS, "clusterer": CLUSTERERS}

    def __init__(
        self,
        encoder: Any,
        projector: Any = None,
        predictor: Any = None,
        clusterer: Any = None,
        codes: Literal["swapped", "same_view"] = "swapped",
        contrast_weight: float = 1.0,
        cluster_weight: float = 1.0,
        orthogonality_weight: float = 1.0,
        orthogonality_reduction: Reduction = "mean",
    ) -> None:
        super().__init__()
        weights = {"contrast": contrast_weight, "cluster": cluster_weight, "orthogonality": orthogonality_weight}
        usable = all(math.isfinite(weight) and weight >= 0 for weight in weights.values())
        if not usable or contrast_weight + cluster_weight == 0:
            raise ConfigError(
                "ConClu's weights must be finite and at least 0, and that of the contrast or of the cluster term above "
                f"0, found {weights}."
            )
        if codes not in ("swapped", "same_view"):
            raise ConfigError(f"ConClu takes codes='swapped' or 'same_view', found {codes!r}.")
        if orthogonality_reduction not in get_args(Reduction):
            raise ConfigError(
                f"ConClu takes orthogonality_reduction='sum' or 'mean', found {orthogonality_reduction!r}."
            )
        self.codes: Literal["swapped", "same_view"] = codes
        self.weights = {name: weight for name, weight in weights.items() if weight > 0}
        self.orthogonality_reduction: Reduction = orthogonality_reduction
        self.encoder = ENCODERS.build(encoder)
        features = {"in_channels": channels_of(self.encoder)}
        self.projector = HEADS.build(projector or {"name": "ProjectionHead"}, features)
        channels = {"channels": self.projector.out_channels}
        self.predictor = HEADS.build(predictor or {"name": "PredictionHead"}, channels)
        self.clusterer = CLUSTERERS.build(clusterer or {"name": "SinkhornClusterer"}, channels)
        self.clusterer.requires_grad_(bool(cluster_weight))

    def forward(self, view_a: Batch, view_b: Batch) -> MethodOutput:
        """The losses of two views of the same clouds.

        Shapes:
            - **view_a**, **view_b:** batches of B clouds; **losses** and **statistics:** scalars
        """
        z_a, q_a = self._embed(view_a)  # (B, D) each
        z_b, q_b = self._embed(view_b)
        losses: dict[str, Tensor] = {}
        statistics = {"projection_std": projection_std(z_a)}
        if "contrast" in self.weights:
            losses["contrast"] = contrast_loss(q_a, q_b, z_a, z_b)
        if "cluster" in self.weights:
            log_gamma_a, log_gamma_b = self.clusterer(q_a), self.clusterer(q_b)  # (B, J) each
            codes_a, codes_b = self.clusterer.codes(z_a), self.clusterer.codes(z_b)
            target_a, target_b = (codes_b, codes_a) if self.codes == "swapped" else (codes_a, codes_b)
            losses["cluster"] = code_prediction_loss(log_gamma_a, target_a)
            losses["cluster"] += code_prediction_loss(log_gamma_b, target_b)
            statistics |= clustering_statistics(log_gamma_a, codes_a, codes_b)
            if "orthogonality" in self.weights:
                losses["orthogonality"] = orthogonality_loss(self.clusterer.prototypes, self.orthogonality_reduction)
        return MethodOutput({name: self.weights[name] * loss for name, loss in losses.items()}, statistics)

    def _embed(self, view: Batch) -> tuple[Tensor, Tensor]:
        """Projections and predictions (eq. 1)."""
        z = self.projector(pooled_features(self.encoder, view))
        return z, self.predictor(z)

    def terms(self) -> list[str]:
        """The names of the losses: those whose weight is not 0."""
        return list(self.weights)

    def num_clusters(self) -> int:
        """The number of prototypes, J, or 0 where contrast alone leaves them as they were."""
        return int(self.clusterer.num_prototypes) if "cluster" in self.weights else 0

    def batch_need(self) -> BatchNeed | None:
        """A cloud for each prototype."""
        clusters = self.num_clusters()
        otherwise = "not every prototype can get a cloud of each batch"
        need = BatchNeed(clusters, f"the {clusters} prototypes", otherwise, "model.clusterer.num_prototypes")
        return need if clusters else None

    def warnings(self, metrics: Mapping[str, float]) -> list[str]:
        """What an epoch's means say of a collapse."""
        return collapse_warnings(metrics, self.num_clusters())

    @torch.no_grad()
    def assign(self, clouds: Batch) -> Tensor:
        r"""The logarithm of each cloud's soft assignment to the prototypes, :math:`\log \gamma` (eq. 5).

        Shapes:
            - **output:** ``[B, J]``
        """
        return self.clusterer(self._embed(clouds)[1])
